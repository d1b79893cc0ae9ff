import { defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { type GatheredLabels, gatherLabels, mergeLabels } from '../contracts/labels';
import type {
  CellProgress,
  CellResult,
  EvaluationSummary,
  FailedCell,
  SweepProgress,
} from '../contracts/results';
import { uniqueResults, type StageResult } from '../contracts/stage';
import type { CellPlan } from '../planning/cell';
import type { SweepPlan } from '../planning/plan';
import type { CellScores } from './cell-scores';
import { auxiliaryScores } from './evaluation';
import type { ContinueAsNewState } from './continue-as-new';
import { takeFitting } from './result-pages';
import type { SpendTracker } from './spend-tracker';
import type { Steering } from './steering';

/** The `progress` query. Lists cells from an index in the plan on, since a response holds at most 2 MB. */
export const sweepProgress = defineQuery<SweepProgress, [from?: number]>('progress');

/** What is known about a finished cell. */
type Known = Pick<CellProgress, 'score' | 'auxiliary' | 'warnings' | 'code'>;

interface ProgressTrackerOptions {
  readonly plan: SweepPlan;
  readonly steering: Steering;
  readonly spend: SpendTracker;
  readonly previous: ContinueAsNewState | undefined;
  readonly cellScores: CellScores;
  /** Stages that this run has finished. The array grows. */
  readonly finished: readonly StageResult[];
}

/** Temporal's UI shows about a page of text, so a large grid lists only its running cells. */
const maxShown = 100;

function visibleCells(cells: readonly CellProgress[]): readonly CellProgress[] {
  return cells.length <= maxShown ? cells : cells.filter(({ state }) => state === 'running');
}

/** Builds what the `progress` query and Temporal's UI show. */
export class ProgressTracker {
  #phase: SweepProgress['phase'] = 'cells';
  #base: EvaluationSummary | null = null;
  readonly #cells = new Map<string, CellProgress>();
  readonly #controls = new Map<string, CellProgress['state']>();
  readonly #tests = new Map<string, CellProgress['state']>();

  readonly #steering: Steering;
  readonly #spend: SpendTracker;
  readonly #finished: readonly StageResult[];
  readonly #earlierLabels: readonly GatheredLabels[];

  constructor({ plan, steering, spend, previous, cellScores, finished }: ProgressTrackerOptions) {
    this.#steering = steering;
    this.#spend = spend;
    this.#finished = finished;
    this.#earlierLabels = previous?.labels ?? [];
    this.#base = previous?.base.base ?? null;
    const skipped = new Set(spend.record.skipped);
    for (const { cell } of plan.cells) {
      const score = cellScores.scores[cell.id];
      const missing = skipped.has(cell.id) ? 'skipped' : 'failed';
      const state = score === undefined ? 'waiting' : score === null ? missing : 'done';
      const auxiliary = cellScores.auxiliary[cell.id];
      const code = state === 'skipped' ? 'SPEND_LIMIT' : undefined;
      this.#put(cell, state, { score: score ?? undefined, auxiliary, code });
    }
    setHandler(sweepProgress, (from = 0) => this.read(from));
  }

  /** Label statistics, earlier runs included. */
  get labels(): readonly GatheredLabels[] {
    return mergeLabels(this.#earlierLabels, gatherLabels(uniqueResults(this.#finished)));
  }

  read(from: number): SweepProgress {
    const { labels } = this;
    const all = [...this.#cells.values()];
    const cells = takeFitting(all, from);
    const next = from + cells.length;
    const { auxiliary: baseAuxiliary } = auxiliaryScores(this.#base ?? {});
    return {
      phase: this.#phase,
      paused: this.#steering.state.paused,
      maxConcurrentCells: this.#steering.state.maxConcurrentCells ?? 1,
      baseScore: this.#base?.score ?? null,
      baseAuxiliary,
      cells,
      next: next < all.length ? next : undefined,
      controls: [...this.#controls].map(([id, state]) => ({ id, state })),
      tests: [...this.#tests].map(([id, state]) => ({ id, state })),
      labels: labels.length === 0 ? undefined : labels,
      spend: this.#spend.progress,
    };
  }

  enterPhase(phase: SweepProgress['phase']): void {
    this.#phase = phase;
    this.#publish();
  }

  setBase(evaluation: EvaluationSummary | null): void {
    this.#base = evaluation;
  }

  /** @returns the missing cell */
  setMissing(missing: FailedCell, state: 'failed' | 'skipped'): FailedCell {
    this.#put(missing.cell, state, { code: missing.code });
    this.#publish();
    return missing;
  }

  setCell({ cell }: CellPlan, state: 'running' | 'done', result?: CellResult): void {
    const warnings = result?.stages.flatMap((stage) => stage.warnings ?? []).length ?? 0;
    this.#put(cell, state, {
      score: result?.evaluation.score,
      ...auxiliaryScores(result?.evaluation ?? {}),
      warnings: warnings === 0 ? undefined : warnings,
    });
    this.#publish();
  }

  /** Marks the cells that the search did not ask for as skipped. */
  skipRest(): void {
    for (const { cell, state } of this.#cells.values()) if (state === 'waiting') this.#put(cell, 'skipped');
  }

  setControl(id: string, state: CellProgress['state']): void {
    this.#controls.set(id, state);
  }

  setTest(id: string, state: CellProgress['state']): void {
    this.#tests.set(id, state);
  }

  #put(cell: CellProgress['cell'], state: CellProgress['state'], known: Known = {}): void {
    this.#cells.set(cell.id, { cell, state, workflowId: cell.id, ...known });
  }

  #publish(): void {
    const cells = [...this.#cells.values()];
    const axes = Object.keys(cells[0]?.cell.axes ?? {});
    const others = (this.#base?.auxiliary ?? []).map(({ name }) => name);
    const head = [...axes, 'budget', 'SFT fraction', 'seed', 'state', 'score', ...others];
    const rows = visibleCells(cells).map(({ cell, state, score, auxiliary = [] }) => [
      ...axes.map((axis) => cell.axes?.[axis] ?? ''),
      ...[cell.budget, cell.sftFraction, cell.seed, state, score?.toFixed(3) ?? ''],
      ...others.map((other) => auxiliary.find(({ name }) => name === other)?.score.toFixed(3) ?? ''),
    ]);
    const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
    setCurrentDetails([`Phase: ${this.#phase}`, '', ...lines].join('\n'));
  }
}
