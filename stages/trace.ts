import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type { PlannedStage, StageKey } from '../contracts/stage';
import type { StageContext } from './define';
import { type StageHost, stageFunctions, type Stages } from './functions';

/** A pipeline that was called with functions that run nothing. */
export interface Trace<T> {
  /** The stages that it called, each once, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  /** What it returned; undefined if it waits for results. */
  readonly result: T | undefined;
  /** The stages whose results it waits for; empty if it returned. */
  readonly continuesAfter: readonly PlannedStage[];
}

/** Lists the stages that are called. Results stay open. */
class Recorder implements StageHost {
  readonly stages = new Map<StageKey, PlannedStage>();
  readonly awaited = new Map<StageKey, PlannedStage>();
  /** Number of calls so far. */
  calls = 0;

  constructor(private readonly onStage: (stage: PlannedStage) => void) {}

  run(stage: PlannedStage): Promise<void> {
    this.calls += 1;
    if (!this.stages.has(stage.key)) {
      this.onStage(stage);
      this.stages.set(stage.key, stage);
    }
    return Promise.resolve();
  }

  metrics(stage: PlannedStage): Promise<Metrics> {
    this.calls += 1;
    this.awaited.set(stage.key, stage);
    return new Promise(() => undefined);
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Turns of the microtask queue without a call after which a pipeline waits: for results, or for something else. */
const quietTurns = 1000;

async function settleQuietly<T>(work: Promise<T>, recorder: Recorder): Promise<Outcome<T> | undefined> {
  const ended: Outcome<T>[] = [];
  work.then(
    (value) => ended.push({ value }),
    (error: unknown) => ended.push({ error }),
  );
  let calls = 0;
  for (let turns = 0; ended.length === 0 && turns < quietTurns; turns += 1) {
    if (recorder.calls > calls) [calls, turns] = [recorder.calls, 0];
    await Promise.resolve();
  }
  return ended[0];
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
  const outcome = await settleQuietly(work, recorder);
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  const continuesAfter = outcome === undefined ? [...recorder.awaited.values()] : [];
  if (outcome === undefined && continuesAfter.length === 0) throw waitsForOther(context);
  return { stages: [...recorder.stages.values()], result: outcome?.value, continuesAfter };
}
