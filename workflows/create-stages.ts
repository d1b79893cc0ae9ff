import { Purchases } from '../planning/purchases';
import { budgetOf } from '../planning/row-budget';
import { held, stageFunctions, type Stages } from '../stages/functions';
import { asFailure } from './failures';
import { ownRun } from './own-run';
import { StageRunner, type StagesOptions } from './stages';

type AnyFunction = (...args: never[]) => Promise<unknown>;

/** The function with errors that end a workflow. */
const failing =
  (run: AnyFunction): AnyFunction =>
  (...args) =>
    held(
      run(...args).catch((error: unknown) => {
        throw asFailure(error);
      }),
    );

/**
 * The stage functions of a definition and seed, for workflows of your own: the same ones that pipelines get. Registers the
 * run: `budgetline list`, `status`, `audit`, `pause`, `resume` and `cancel` know it by its workflow id.
 */
export function createStages(options: Omit<StagesOptions, 'experimentId' | 'runStage'>): Stages {
  const { resolved, seed, allowanceUsd, paidUsd } = options;
  const run = ownRun();
  const { experimentId, steering } = run;
  const opened = run.open(resolved);
  const purchases = new Purchases({ budget: budgetOf(resolved), allowanceUsd, paidUsd });
  const runner = new StageRunner({
    ...options,
    experimentId,
    purchases,
    async runStage(stage) {
      await opened;
      return steering.runStage(stage);
    },
    onStage(stage, state) {
      options.onStage?.(stage, state);
      if (state === 'running')
        void opened.then(
          () => run.index(stage),
          () => undefined,
        );
    },
  });
  run.add(runner);
  const functions = stageFunctions(
    { resolved, seed },
    {
      run: (stage) => runner.run(stage),
      metrics: (stage) => runner.metrics(stage),
      refuse: (error) => Promise.reject(error instanceof Error ? error : new Error(String(error))),
    },
  );
  const named = Object.entries<AnyFunction>({ ...functions }).map(
    ([name, call]) => [name, failing(call)] as const,
  );
  return Object.fromEntries(named) as unknown as Stages;
}
