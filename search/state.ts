import type { Point } from './gaussian-process';

/** A cell as a run of a split, with its modelled cost. */
export interface SearchRun {
  readonly id: string;
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly seed: number;
  /** Its stages by key with their modelled seconds; runs share some. */
  readonly stages: readonly { readonly key: string; readonly seconds: number }[];
}

/** Result of a finished run. */
export interface SearchOutcome {
  readonly id: string;
  readonly score: number;
  /** Number of test items. */
  readonly items: number;
}

/** State of a search: all runs, and results in any order. */
export interface SearchState {
  readonly runs: readonly SearchRun[];
  readonly outcomes: readonly SearchOutcome[];
  /** Failed runs; they are not proposed again. */
  readonly failed: readonly string[];
}

/** One split of one budget; its runs differ by seed. */
export interface Arm {
  readonly budget: number;
  readonly sftFraction: number;
  readonly point: Point;
  readonly runs: readonly SearchRun[];
}

const armKey = ({ budget, sftFraction }: SearchRun): string => `${budget} ${sftFraction}`;

/** The splits by budget and falling SFT share, their runs by seed. A search uses this order throughout. */
export function armsOf(runs: readonly SearchRun[]): Arm[] {
  const groups = new Map<string, SearchRun[]>();
  for (const run of runs) groups.set(armKey(run), [...(groups.get(armKey(run)) ?? []), run]);
  const arms = [...groups.values()].map((group): Arm => {
    const { budget, sftFraction, sftRows, pairRows } = group[0]!;
    const point: Point = [Math.log1p(sftRows), Math.log1p(pairRows)];
    return { budget, sftFraction, point, runs: [...group].sort((a, b) => a.seed - b.seed) };
  });
  return arms.sort((a, b) => a.budget - b.budget || b.sftFraction - a.sftFraction);
}

/** Modelled seconds of all runs, every stage once. */
export function totalSeconds(runs: readonly SearchRun[]): number {
  const unique = new Map<string, number>();
  for (const { stages } of runs) for (const { key, seconds } of stages) unique.set(key, seconds);
  return [...unique.values()].reduce((sum, seconds) => sum + seconds, 0);
}

/** Sums of seconds are not exact, and a maxCostFraction of 1 must allow every run. */
const tolerance = 1e-9;

/** The runs of a batch, and the cost that is left for it. */
export class Batch {
  readonly ids: string[] = [];
  readonly #there = new Set<string>();
  /** Budgets with a started run. */
  readonly #entered: Set<number>;
  #secondsLeft: number;

  /** @param maxCostFraction largest cost of the whole search, as a share of the modelled seconds of all runs */
  constructor({ runs, outcomes, failed }: SearchState, maxCostFraction: number) {
    const ended = new Set([...outcomes.map(({ id }) => id), ...failed]);
    const begun = runs.filter(({ id }) => ended.has(id));
    for (const { stages } of begun) for (const { key } of stages) this.#there.add(key);
    this.#entered = new Set(begun.map(({ budget }) => budget));
    this.#secondsLeft = totalSeconds(runs) * (maxCostFraction + tolerance) - totalSeconds(begun);
  }

  has({ id }: SearchRun): boolean {
    return this.ids.includes(id);
  }

  /** Modelled seconds of a run's stages that no earlier run has. */
  marginalSeconds({ stages }: SearchRun): number {
    return stages.reduce((sum, { key, seconds }) => sum + (this.#there.has(key) ? 0 : seconds), 0);
  }

  /** Whether a run is within the cost limit. The first one of a budget always is: it needs at least one score. */
  affords(run: SearchRun): boolean {
    return !this.#entered.has(run.budget) || this.marginalSeconds(run) <= this.#secondsLeft;
  }

  /** Adds a run if it is within the cost limit. */
  take(run: SearchRun): boolean {
    if (!this.affords(run)) return false;
    this.#secondsLeft -= this.marginalSeconds(run);
    this.#entered.add(run.budget);
    this.ids.push(run.id);
    for (const { key } of run.stages) this.#there.add(key);
    return true;
  }
}
