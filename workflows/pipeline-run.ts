import { TemporalFailure } from '@temporalio/workflow';
import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type { PlannedStage, StageKey, StageResult } from '../contracts/stage';
import {
  evaluationIn,
  evaluationLast,
  pipelineFault,
  type PlannedPipeline,
} from '../planning/planned-pipeline';
import { type StageHost, stageFunctions } from '../stages/functions';
import { Purchases } from '../planning/purchases';
import { asFailure, type SpentBeforeFailure } from './failures';
import { nameOfPipeline } from '../stages/trace';
import { StageRunner, type StagesOptions } from './stages';

/**
 * Compares what a pipeline runs with its trace. Until a result or a failure has reached the pipeline, it can call only
 * the stages of the trace.
 */
class CheckedHost implements StageHost {
  readonly #planned: ReadonlyMap<StageKey, PlannedStage>;
  readonly #name: string;
  #mayDiffer = false;
  #closed = false;

  constructor(
    { context, stages }: PlannedPipeline,
    private readonly runner: StageRunner,
  ) {
    this.#name = nameOfPipeline(context);
    this.#planned = new Map(stages.map((stage) => [stage.key, stage]));
  }

  async run(stage: PlannedStage): Promise<void> {
    if (this.#closed) return new Promise(() => undefined);
    if (!this.#mayDiffer && !this.#planned.has(stage.key))
      throw this.#differs(`calls "${stage.title}", which it did not call when it was planned`);
    try {
      await this.runner.run(stage);
    } catch (error) {
      this.#mayDiffer = true;
      throw error;
    }
  }

  async metrics(stage: PlannedStage): Promise<Metrics> {
    const metrics = await this.runner.metrics(stage);
    this.#mayDiffer = true;
    return metrics;
  }

  /** Nothing runs after the end: a branch that calls a further stage waits for ever. */
  close(): void {
    this.#closed = true;
  }

  assertComplete(): void {
    if (this.#mayDiffer) return;
    const called = new Set(this.runner.stages.map(({ key }) => key));
    const left = [...this.#planned.values()].find(({ key }) => !called.has(key));
    if (left !== undefined)
      throw this.#differs(`has not called "${left.title}", as it did when it was planned`);
  }

  #differs(problem: string): BudgetlineError {
    return new BudgetlineError('PIPELINE_DIFFERS', `${this.#name} ${problem}.`);
  }
}

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
    const { definition } = resolved;
    this.#planned = planned;
    const purchases = new Purchases({ definition, budget, allowanceUsd, paidUsd, expected: planned });
    this.#runner = new StageRunner({ ...options, resolved, purchases });
  }

  get running(): readonly PlannedStage[] {
    return this.#runner.running;
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

  /** Runs the pipeline to its end. After a failure no further stage starts, and running ones are awaited. */
  async run(): Promise<RanPipeline> {
    const { context, pipeline } = this.#planned;
    const host = new CheckedHost(this.#planned, this.#runner);
    try {
      const returned = await pipeline(stageFunctions(context, host));
      host.assertComplete();
      const { key } = evaluationIn(context, this.#runner.stages, returned);
      host.close();
      await this.#runner.settle();
      const results = evaluationLast(this.#runner.finished, key);
      return { results, evaluation: results.at(-1)! };
    } catch (error) {
      host.close();
      await this.#runner.settle();
      throw error instanceof TemporalFailure ? error : asFailure(pipelineFault(context, error));
    }
  }
}
