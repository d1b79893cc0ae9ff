import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedStage } from '../../contracts/stage';
import { scratchFolder } from '../../host/home';
import { linesOf, parseLine } from '../../schemas/json-lines';
import { metricEvent } from '../../schemas/trainer-event';
import { isMissing } from '../../host/fs-errors';
import type { PlannedSweep } from '../plan/plan-sweep';

/** Metrics of one optimiser step. */
export interface StepMetrics {
  /** The training stage. */
  readonly stage: PlannedStage;
  /** Ids of the cells that use it, and of the controls that use it if they run. */
  readonly cells: readonly string[];
  /** From 1. After a stage resumes, the steps since its last checkpoint are reported again. */
  readonly step: number;
  /** Values by TRL's names: loss, grad_norm, learning_rate … */
  readonly values: Readonly<Record<string, number>>;
}

const intervalMs = 1_000;

/** Reads the whole lines that were appended to a file since the last read. */
class Tail {
  #position: number | undefined;

  constructor(private readonly path: string) {}

  /** Skips the lines that are in the file already. */
  async skip(): Promise<void> {
    await this.lines();
  }

  async lines(): Promise<string[]> {
    try {
      return await this.#read();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #read(): Promise<string[]> {
    const file = await open(this.path, 'r');
    try {
      const from = this.#position ?? 0;
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      this.#position = from + end;
      return linesOf(buffer.toString('utf8', 0, end)).map(({ text }) => text);
    } finally {
      await file.close();
    }
  }
}

/** A training stage and who uses it. */
type TrainingStage = Pick<StepMetrics, 'stage' | 'cells'>;

/** The training stages of a sweep that are not in the store yet, including those of controls. */
function trainingStages({ plan, cached }: PlannedSweep): TrainingStage[] {
  const { certain, winnerControls } = plan.controls;
  const users = [
    ...plan.cells.map(({ cell, stages }) => ({ id: cell.id, stages })),
    ...certain,
    ...winnerControls,
  ];
  const byKey = new Map<string, TrainingStage>();
  for (const { id, stages } of users)
    for (const stage of stages)
      byKey.set(stage.key, { stage, cells: [...(byKey.get(stage.key)?.cells ?? []), id] });
  return [...byKey.values()].filter(
    ({ stage: { key, kind } }) => kind.startsWith('train') && !cached.has(key),
  );
}

/** A worker that was killed may leave a torn line. */
function metricsIn(line: string): Pick<StepMetrics, 'step' | 'values'> | undefined {
  const parsed = parseLine(line, metricEvent);
  return 'value' in parsed ? { step: parsed.value.step, values: parsed.value.values } : undefined;
}

export interface MetricsOptions {
  readonly onMetric: (metrics: StepMetrics) => void;
  /** Aborted when the sweep has ended. Metrics written until then are still reported. */
  readonly ended: AbortSignal;
}

const eventsPath = (home: string, key: string): string => join(scratchFolder(home, key), 'events.jsonl');

/** Reports the metrics that training stages log in their run folders, until the sweep has ended. */
export async function followMetrics(
  planned: PlannedSweep,
  { onMetric, ended }: MetricsOptions,
): Promise<void> {
  const tails = trainingStages(planned).map((training) => ({
    training,
    tail: new Tail(eventsPath(planned.home, training.stage.key)),
  }));
  for (const { tail } of tails) await tail.skip();
  for (;;) {
    const isLast = ended.aborted;
    for (const { training, tail } of tails)
      for (const line of await tail.lines()) {
        const metrics = metricsIn(line);
        if (metrics !== undefined) onMetric({ ...training, ...metrics });
      }
    if (isLast) return;
    await sleep(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}
