import { TemporalFailure } from '@temporalio/workflow';
import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type { FailedStage } from '../contracts/results';
import type { PlannedStage, StageKey, StageResult } from '../contracts/stage';
import {
  evaluationIn,
  evaluationLast,
  pipelineFault,
  type PlannedPipeline,
} from '../planning/planned-pipeline';
import { held, type StageHost, stageFunctions } from '../stages/functions';
import { untilQuiet } from '../stages/quiet';
import { Purchases } from '../planning/purchases';
import { asFailure, type SpentBeforeFailure } from './failures';
import { nameOfPipeline } from '../stages/trace';
import { StageRunner, type StagesOptions } from './stages';

/**
 * Runs the stages of a pipeline, and compares them with its trace: until a result or a failure has reached the pipeline,
 * it can call only the stages of the trace.
 *
 * A failure reaches the pipeline when no stage is running and the pipeline waits. It then waits for that failure: one
 * that reaches a branch which nothing awaits yet would make Temporal retry the workflow task for ever.
 */
class CheckedHost implements StageHost {
  readonly #planned: ReadonlyMap<StageKey, PlannedStage>;
  readonly #name: string;
  /** Rejects when a call is refused. */
  readonly refused: Promise<never>;
  #endWith!: (error: unknown) => void;
  #calls = 0;
  #running = 0;
  /** Failures that have not reached the pipeline. */
  readonly #failures: { readonly error: unknown; readonly release: () => void }[] = [];
  #isReleasing = false;
  #mayDiffer = false;
  #closed = false;

  constructor(
    { context, stages }: PlannedPipeline,
    private readonly runner: StageRunner,
  ) {
    this.#name = nameOfPipeline(context);
    this.#planned = new Map(stages.map((stage) => [stage.key, stage]));
    this.refused = held(new Promise((_, reject) => (this.#endWith = reject)));
  }

  async run(stage: PlannedStage): Promise<void> {
    if (this.#closed) return await never();
    this.#calls += 1;
    if (!this.#mayDiffer && !this.#planned.has(stage.key))
      return this.refuse(this.#differs(`calls "${stage.title}", which it did not call when it was planned`));
    this.#running += 1;
    try {
      await this.runner.run(stage);
      this.#running -= 1;
    } catch (error) {
      this.#running -= 1;
      if (error instanceof BudgetlineError) return await this.refuse(error);
      await this.#reach(error);
      throw error;
    } finally {
      void this.#releaseFailures();
    }
  }

  async metrics(stage: PlannedStage): Promise<Metrics> {
    this.#calls += 1;
    const metrics = await this.runner.metrics(stage).catch((error: unknown) => this.refuse(error));
    this.#mayDiffer = true;
    return metrics;
  }

  refuse(error: unknown): Promise<never> {
    this.#endWith(error);
    return never();
  }

  /** Nothing runs after the end: a branch that calls a further stage waits for ever. */
  close(): void {
    this.#closed = true;
  }

  /** @throws BudgetlineError PIPELINE_DIFFERS, or a failure that the pipeline has not waited for */
  assertComplete(): void {
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure.error;
    if (this.#mayDiffer) return;
    const called = new Set(this.runner.stages.map(({ key }) => key));
    const left = [...this.#planned.values()].find(({ key }) => !called.has(key));
    if (left !== undefined)
      throw this.#differs(`has not called "${left.title}", as it did when it was planned`);
  }

  async #reach(error: unknown): Promise<void> {
    const reached = new Promise<void>((release) => this.#failures.push({ error, release }));
    void this.#releaseFailures();
    await reached;
    this.#mayDiffer = true;
  }

  async #releaseFailures(): Promise<void> {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    while (this.#failures.length > 0) {
      await untilQuiet(() => this.#calls);
      if (this.#running > 0 || this.#closed) break;
      this.#failures.shift()!.release();
    }
    this.#isReleasing = false;
  }

  #differs(problem: string): BudgetlineError {
    return new BudgetlineError('PIPELINE_DIFFERS', `${this.#name} ${problem}.`);
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

/** What a pipeline ran. */
export interface RanPipeline {
  /** Results in the order of requests, the evaluation last. */
  readonly results: readonly StageResult[];
  /** The result of the evaluation that the pipeline returned. */
  readonly evaluation: StageResult;
}

/** Runs a planned pipeline. */
export class PipelineRun {
  readonly #planned: PlannedPipeline;
  readonly #runner: StageRunner;

  constructor(
    planned: PlannedPipeline,
    { allowanceUsd, paidUsd, ...options }: Omit<StagesOptions, 'resolved' | 'seed'>,
  ) {
    const { budget, context } = planned;
    const { resolved } = context;
    this.#planned = planned;
    const purchases = new Purchases({ budget, allowanceUsd, paidUsd, expected: planned });
    this.#runner = new StageRunner({ ...options, resolved, purchases });
  }

  get running(): readonly PlannedStage[] {
    return this.#runner.running;
  }

  get failed(): readonly FailedStage[] {
    return this.#runner.failed;
  }

  /** Results so far, also after a failure. */
  get finished(): readonly StageResult[] {
    return this.#runner.finished;
  }

  /** All stages that it has asked for. */
  get stages(): readonly PlannedStage[] {
    return this.#runner.stages;
  }

  /** Stages that ran and are not in the plan: a result or a failure decided about them. */
  get unplanned(): readonly PlannedStage[] {
    const planned = new Set(this.#planned.stages.map(({ key }) => key));
    return this.#runner.stages.filter(({ key }) => !planned.has(key));
  }

  /** US dollars that failed stages may have spent, which no result reports. */
  get lostUsd(): number {
    return this.#runner.lostUsd;
  }

  /** What its stages have bought, also after a failure; undefined if a failed stage did not report it. */
  get spent(): SpentBeforeFailure | undefined {
    if (this.#runner.isUnsettled) return undefined;
    return { finished: this.finished, unplanned: this.unplanned, usd: this.lostUsd };
  }

  /** Runs the pipeline to its end. Then no further stage starts, and running ones are awaited. */
  async run(): Promise<RanPipeline> {
    const { context, pipeline } = this.#planned;
    const host = new CheckedHost(this.#planned, this.#runner);
    try {
      const returned = await Promise.race([pipeline(stageFunctions(context, host)), host.refused]);
      host.close();
      await this.#runner.settle();
      host.assertComplete();
      const { key } = evaluationIn(context, this.#runner.stages, returned);
      const results = evaluationLast(this.#runner.finished, key);
      return { results, evaluation: results.at(-1)! };
    } catch (error) {
      host.close();
      await this.#runner.settle();
      throw error instanceof TemporalFailure ? error : asFailure(pipelineFault(context, error));
    }
  }
}
