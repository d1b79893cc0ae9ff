import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SweepStatus } from '../../client';
import type { PlannedStage, StageKey } from '../../contracts/stage';
import { scratchFolder } from '../../host/home';
import { linesOf, parseLine } from '../../schemas/json-lines';
import { metricEvent } from '../../schemas/trainer-event';
import { isMissing } from '../../host/fs-errors';
import type { PlannedSweep } from '../plan/plan-sweep';

/** Metrics of one optimiser step, or the loss on held-out rows at the end of an epoch. */
export interface StepMetrics {
  /** The training stage. */
  readonly stage: Pick<PlannedStage, 'key' | 'kind' | 'title'>;
  /** Ids of the cells that use it, and of the controls that use it if they run. */
  readonly cells: readonly string[];
  /** From 1; 0 for held-out rows before the first step. After a stage resumes, the steps since its last checkpoint are reported again. */
  readonly step: number;
  /** Values by TRL's names: loss, grad_norm, learning_rate …; eval_loss or eval_nll_loss of held-out rows. */
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

const trains = ({ kind }: TrainingStage['stage']): boolean => kind.startsWith('train');

/** The training stages of a sweep that are not in the store yet, including those of controls. */
export class TrainingStages {
  readonly #byKey = new Map<StageKey, TrainingStage>();
  readonly #cached: ReadonlySet<StageKey>;

  constructor({ plan, cached }: PlannedSweep) {
    this.#cached = cached;
    const { certain, winnerControls } = plan.controls;
    const cells = plan.cells.map(({ cell, stages }) => ({ id: cell.id, stages }));
    for (const { id, stages } of [...cells, ...certain, ...winnerControls])
      for (const stage of stages) if (this.#isNew(stage)) this.#add(stage, id);
  }

  #add(stage: TrainingStage['stage'], id: string): void {
    const cells = this.#byKey.get(stage.key)?.cells ?? [];
    this.#byKey.set(stage.key, { stage, cells: [...cells, id] });
  }

  /** Adds running stages that are not in the plan: results decided about them. */
  note({ running }: SweepStatus): void {
    for (const { stage, workflowId } of running)
      if (stage !== undefined && this.#isNew(stage) && !this.#byKey.has(stage.key))
        this.#add(stage, workflowId);
  }

  /** A stage in the store has logged its metrics before. */
  #isNew(stage: TrainingStage['stage']): boolean {
    return trains(stage) && !this.#cached.has(stage.key);
  }

  all(): TrainingStage[] {
    return [...this.#byKey.values()];
  }
}

/** A worker that was killed may leave a torn line. */
function metricsIn(line: string): Pick<StepMetrics, 'step' | 'values'> | undefined {
  const parsed = parseLine(line, metricEvent);
  return 'value' in parsed ? { step: parsed.value.step, values: parsed.value.values } : undefined;
}

export interface MetricsOptions {
  readonly home: string;
  readonly trainings: TrainingStages;
  readonly onMetric: (metrics: StepMetrics) => void;
  /** Aborted when the sweep has ended. Metrics written until then are still reported. */
  readonly ended: AbortSignal;
}

const eventsPath = (home: string, key: string): string => join(scratchFolder(home, key), 'events.jsonl');

/** Reports the metrics that training stages log in their run folders, until the sweep has ended. */
export async function followMetrics({ home, trainings, onMetric, ended }: MetricsOptions): Promise<void> {
  const tails = new Map<StageKey, Tail>();
  const tailOf = ({ stage: { key } }: TrainingStage): Tail => {
    const tail = tails.get(key) ?? new Tail(eventsPath(home, key));
    tails.set(key, tail);
    return tail;
  };
  for (const training of trainings.all()) await tailOf(training).skip();
  for (;;) {
    const isLast = ended.aborted;
    for (const training of trainings.all())
      for (const line of await tailOf(training).lines()) {
        const metrics = metricsIn(line);
        if (metrics !== undefined) onMetric({ ...training, ...metrics });
      }
    if (isLast) return;
    await sleep(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}
