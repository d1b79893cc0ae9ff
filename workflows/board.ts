import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { type GatheredLabels, gatherLabels, mergeLabels } from '../contracts/labels';
import type { CellProgress, CellResult, EvaluationSummary, SweepProgress } from '../contracts/results';
import { onceEach, type StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { SweepPlan } from '../planning/plan';
import type { Ended } from './ended';
import { auxiliaryScores } from './evaluation';
import type { Carried } from './pages';
import { fitting } from './parts';
import type { Purse } from './purse';
import type { Steering } from './steering';

/** Where a sweep stands; its cells from a place in the plan on, since an answer may have 2 MB. */
export const sweepProgress = defineQuery<SweepProgress, [from?: number]>('progress');

/** What is known of a cell that has ended. */
type Known = Pick<CellProgress, 'score' | 'auxiliary' | 'warnings'>;

interface BoardOptions {
  readonly plan: SweepPlan;
  readonly steering: Steering;
  readonly purse: Purse;
  readonly carried: Carried | undefined;
  readonly ended: Ended;
  /** Stages of this run that have ended; grows. */
  readonly finished: readonly StageResult[];
}

/** Temporal's UI shows a page of text: of a large grid, the cells that run. */
const mostShown = 100;

function shownCells(cells: readonly CellProgress[]): readonly CellProgress[] {
  return cells.length <= mostShown ? cells : cells.filter(({ state }) => state === 'running');
}

/** What the `progress` query and Temporal's UI show. */
export class Board {
  #phase: SweepProgress['phase'] = 'cells';
  #base: EvaluationSummary | null = null;
  readonly #cells = new Map<string, CellProgress>();
  readonly #controls = new Map<string, CellProgress['state']>();

  readonly #steering: Steering;
  readonly #purse: Purse;
  readonly #finished: readonly StageResult[];
  readonly #earlierLabels: readonly GatheredLabels[];

  constructor({ plan, steering, purse, carried, ended, finished }: BoardOptions) {
    this.#steering = steering;
    this.#purse = purse;
    this.#finished = finished;
    this.#earlierLabels = carried?.labels ?? [];
    this.#base = carried?.base.base ?? null;
    const skipped = new Set(purse.record.skipped);
    for (const { cell } of plan.cells) {
      const score = ended.scores[cell.id];
      const missing = skipped.has(cell.id) ? 'skipped' : 'failed';
      const state = score === undefined ? 'waiting' : score === null ? missing : 'done';
      const auxiliary = ended.auxiliary[cell.id];
      const known = {
        ...(typeof score === 'number' ? { score } : {}),
        ...(auxiliary === undefined ? {} : { auxiliary }),
      };
      this.#put(cell, state, known);
    }
    setHandler(sweepProgress, (from = 0) => this.read(from));
  }

  /** What stages tell of labels, those of earlier pages among them. */
  get labels(): readonly GatheredLabels[] {
    return mergeLabels(this.#earlierLabels, gatherLabels(onceEach(this.#finished)));
  }

  read(from: number): SweepProgress {
    const { labels } = this;
    const all = [...this.#cells.values()];
    const cells = fitting(all, from);
    const next = from + cells.length;
    const { auxiliary: baseAuxiliary } = auxiliaryScores(this.#base ?? {});
    return {
      phase: this.#phase,
      paused: this.#steering.state.paused,
      maxConcurrentCells: this.#steering.state.window ?? 1,
      baseScore: this.#base?.score ?? null,
      ...(baseAuxiliary === undefined ? {} : { baseAuxiliary }),
      cells,
      ...(next < all.length ? { next } : {}),
      controls: [...this.#controls].map(([id, state]) => ({ id, state })),
      ...(labels.length === 0 ? {} : { labels }),
      spend: this.#purse.standing,
    };
  }

  enter(phase: SweepProgress['phase']): void {
    this.#phase = phase;
    this.#publish();
  }

  base(evaluation: EvaluationSummary | null): void {
    this.#base = evaluation;
  }

  cell({ cell }: CellPlan, state: CellProgress['state'], result?: CellResult): void {
    const warnings = result?.stages.flatMap((stage) => stage.warnings ?? []).length ?? 0;
    this.#put(cell, state, {
      ...(result === undefined
        ? {}
        : { score: result.evaluation.score, ...auxiliaryScores(result.evaluation) }),
      ...(warnings === 0 ? {} : { warnings }),
    });
    this.#publish();
  }

  /** What a search has not asked for, and will not. */
  leaveOut(): void {
    for (const { cell, state } of this.#cells.values()) if (state === 'waiting') this.#put(cell, 'skipped');
  }

  control(id: string, state: CellProgress['state']): void {
    this.#controls.set(id, state);
  }

  #put(cell: CellProgress['cell'], state: CellProgress['state'], known: Known = {}): void {
    this.#cells.set(cell.id, { cell, state, workflowId: cell.id, ...known });
  }

  #publish(): void {
    const cells = [...this.#cells.values()];
    const axes = Object.keys(cells[0]?.cell.axes ?? {});
    const others = (this.#base?.auxiliary ?? []).map(({ name }) => name);
    const head = [...axes, 'budget', 'SFT fraction', 'seed', 'state', 'score', ...others];
    const rows = shownCells(cells).map(({ cell, state, score, auxiliary = [] }) => [
      ...axes.map((axis) => cell.axes?.[axis] ?? ''),
      ...[cell.budget, cell.sftFraction, cell.seed, state, score?.toFixed(3) ?? ''],
      ...others.map((other) => auxiliary.find(({ name }) => name === other)?.score.toFixed(3) ?? ''),
    ]);
    const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
    setCurrentDetails([`Phase: ${this.#phase}`, '', ...lines].join('\n'));
  }
}
