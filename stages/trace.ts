import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type { PlannedStage, StageKey } from '../contracts/stage';
import type { StageContext } from './define';
import { type StageHost, stageFunctions, type Stages } from './functions';
import { untilQuiet } from './quiet';

/** A pipeline that was called with functions that run nothing. */
export interface Trace<T> {
  /** The stages that it called, each once, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  /** What it returned; undefined if it waits for results. */
  readonly result: T | undefined;
  /** The stages whose results it waits for; empty if it returned. */
  readonly continuesAfter: readonly PlannedStage[];
}

/** A pipeline that calls more has a loop without an end. */
const mostCalls = 10_000;

/** Lists the stages that are called. Results stay open, and so do refused calls: the trace ends with their error. */
class Recorder implements StageHost {
  readonly stages = new Map<StageKey, PlannedStage>();
  readonly awaited = new Map<StageKey, PlannedStage>();
  /** Number of calls so far. */
  calls = 0;
  refusal: { readonly error: unknown } | undefined;

  constructor(private readonly onStage: (stage: PlannedStage) => void) {}

  run(stage: PlannedStage): Promise<void> {
    try {
      this.#count();
      if (!this.stages.has(stage.key)) this.onStage(stage);
      this.stages.set(stage.key, this.stages.get(stage.key) ?? stage);
      return Promise.resolve();
    } catch (error) {
      return this.refuse(error);
    }
  }

  metrics(stage: PlannedStage): Promise<Metrics> {
    this.calls += 1;
    if (!this.stages.has(stage.key)) return this.refuse(notCalled(stage));
    this.awaited.set(stage.key, stage);
    return new Promise(() => undefined);
  }

  refuse(error: unknown): Promise<never> {
    this.refusal ??= { error };
    return new Promise(() => undefined);
  }

  #count(): void {
    this.calls += 1;
    if (this.calls > mostCalls)
      throw new BudgetlineError('DEFINITION_INVALID', `The pipeline calls more than ${mostCalls} stages.`, {
        remedy: 'End its loop. Where a result ends it, the pipeline awaits stages.metrics.',
        details: { field: 'pipeline' },
      });
  }
}

/** `stages.metrics` was called before its stage. */
export const notCalled = ({ title }: Partial<PlannedStage>): BudgetlineError =>
  new BudgetlineError(
    'DEFINITION_INVALID',
    `stages.metrics: ${JSON.stringify(title ?? null)} is not a stage that the pipeline has run.`,
    { details: { field: 'pipeline' } },
  );

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function settleQuietly<T>(
  work: Promise<T>,
  recorder: Recorder,
  isUsers: boolean,
): Promise<Outcome<T> | undefined> {
  const ended: Outcome<T>[] = [];
  work.then(
    (value) => ended.push({ value }),
    (error: unknown) => ended.push({ error }),
  );
  const outcome = (): Outcome<T> | undefined => recorder.refusal ?? ended[0];
  const calls = (): number => recorder.calls;
  await untilQuiet(calls, () => outcome() !== undefined);
  // A branch that the pipeline has not awaited may call further stages.
  if (ended.length > 0 && isUsers) await untilQuiet(calls, () => recorder.refusal !== undefined);
  return outcome();
}

/** How messages name a pipeline. */
export function nameOfPipeline({ resolved: { members } }: StageContext): string {
  if (members?.pipeline === undefined) return 'The pipeline';
  const { path, export: name } = members.pipeline;
  return `pipeline: "${name}" of ${path}`;
}

const waitsForOther = (context: StageContext) =>
  new BudgetlineError(
    'DEFINITION_INVALID',
    `${nameOfPipeline(context)} waits for something that is not a stage.`,
    {
      remedy:
        'Await stage functions and stages.metrics only. Timers, files and networks belong in a stage kind.',
      details: { field: 'pipeline' },
    },
  );

/**
 * Plans a pipeline: calls it with functions that run nothing, and lists the stages that it asks for, up to the results
 * that it waits for.
 *
 * @param onStage called for each stage; it may refuse one by an error
 * @throws BudgetlineError DEFINITION_INVALID if it waits for something else, or what the pipeline throws
 */
export async function tracePipeline<T>(
  context: StageContext,
  pipeline: (stages: Stages) => T | Promise<T>,
  onStage: (stage: PlannedStage) => void = () => undefined,
): Promise<Trace<T>> {
  const recorder = new Recorder(onStage);
  const work = (async () => pipeline(stageFunctions(context, recorder)))();
  const outcome = await settleQuietly(work, recorder, context.resolved.members?.pipeline !== undefined);
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  const continuesAfter = outcome === undefined ? [...recorder.awaited.values()] : [];
  if (outcome === undefined && continuesAfter.length === 0) throw waitsForOther(context);
  return { stages: [...recorder.stages.values()], result: outcome?.value, continuesAfter };
}
