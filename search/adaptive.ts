import type { BudgetStanding, SearchProposal } from '../contracts/results';
import type { SearchSpec } from '../schemas/search';
import { type Belief, posteriorOf } from './belief';
import { conditionOn } from './gaussian-process';
import type { Matrix } from './linear-algebra';
import { type Arm, armsOf, Batch, type SearchRun, type SearchState } from './state';

/** Stopping rule and cost limit of an adaptive search. */
export type AdaptiveLimits = Omit<Extract<SearchSpec, { method: 'adaptive' }>, 'method'>;

/** The splits of one budget, by their indices among all arms. */
interface BudgetProblem {
  readonly budget: number;
  readonly places: readonly number[];
}

function problemsOf(arms: readonly Arm[]): BudgetProblem[] {
  const budgets = [...new Set(arms.map(({ budget }) => budget))];
  return budgets.map((budget) => ({
    budget,
    places: arms.flatMap((arm, place) => (arm.budget === budget ? [place] : [])),
  }));
}

/** The item with the highest value; on ties the first, which has more SFT. */
function argMax<T>(items: readonly T[], valueOf: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || valueOf(item) > valueOf(best) ? item : best),
    undefined,
  );
}

/** The split with the highest posterior mean among those that were run. */
function leaderOf({ arms, posterior }: Belief, { places }: BudgetProblem): number {
  const seen = places.filter((place) => arms[place]!.scores.length > 0);
  return argMax(seen.length === 0 ? places : seen, (place) => posterior.mean[place]!)!;
}

function standingOf(belief: Belief, problem: BudgetProblem, limits: AdaptiveLimits): BudgetStanding {
  const { arms, samples } = belief;
  const leader = leaderOf(belief, problem);
  const content = samples.filter((sample) => {
    const best = Math.max(...problem.places.map((place) => sample[place]!));
    return best - sample[leader]! <= limits.regretTolerance;
  });
  const confidence = content.length / samples.length;
  const runs = problem.places.reduce((count, place) => count + arms[place]!.scores.length, 0);
  const { sftFraction } = arms[leader]!;
  // Scores of other budgets inform this one, but only a split with a score here is recommended.
  const settled = runs > 0 && confidence >= limits.confidence;
  return { budget: problem.budget, sftFraction, confidence, runs, settled };
}

/** The split that most often beats the leader by more than the regret tolerance. */
function challengerOf({ samples }: Belief, problem: BudgetProblem, leader: number, regret: number): number {
  const wins = (place: number): number =>
    samples.filter((sample) => sample[place]! - sample[leader]! > regret).length;
  const others = problem.places.filter((place) => place !== leader);
  return argMax(others, wins) ?? leader;
}

interface Choosing {
  readonly belief: Belief;
  readonly problem: BudgetProblem;
  readonly limits: AdaptiveLimits;
  /** Conditioned on the runs that are already in this batch. */
  readonly covariance: Matrix;
  readonly batch: Batch;
}

interface Choice {
  readonly run: SearchRun;
  readonly place: number;
  /** Fall of the variance of leader less challenger, a second of modelled time. */
  readonly acquisition: number;
}

/**
 * The affordable run of a budget with the highest acquisition value: the reduction of the variance of leader less
 * challenger, per second of stages that are not there yet.
 */
function chooseRun({ belief, problem, limits, covariance, batch }: Choosing): Choice | undefined {
  const leader = leaderOf(belief, problem);
  const challenger = challengerOf(belief, problem, leader, limits.regretTolerance);
  const choices = problem.places.flatMap((place): Choice[] => {
    const openRuns = belief.arms[place]!.left.filter((one) => !batch.has(one) && batch.affords(one));
    const run = argMax(openRuns, (one) => -batch.marginalSeconds(one));
    if (run === undefined) return [];
    const row = covariance[place]!;
    const narrowing = (row[leader]! - row[challenger]!) ** 2 / (row[place]! + belief.runVariance);
    const seconds = batch.marginalSeconds(run);
    return [{ run, place, acquisition: seconds === 0 ? Infinity : narrowing / seconds }];
  });
  return argMax(choices, ({ acquisition }) => acquisition);
}

/** The first batch: the split with the most SFT and the middle one of every budget, the smallest budget first. */
function openSearch(state: SearchState, limits: AdaptiveLimits): SearchProposal {
  const arms = armsOf(state.runs);
  const batch = new Batch(state, limits.maxCostFraction);
  const problems = problemsOf(arms);
  const firstRun = (place: number): SearchRun => arms[place]!.runs[0]!;
  for (const { places } of problems) batch.take(firstRun(places[0]!));
  for (const { places } of problems) {
    const middle = firstRun(places[Math.floor(places.length / 2)]!);
    if (!batch.has(middle)) batch.take(middle);
  }
  const reason = 'First batch: the split with the most SFT and the middle one of every budget.';
  return { ids: batch.ids, standings: [], reason };
}

function describe(standings: readonly BudgetStanding[], { ids }: Batch, { arms }: Belief): string {
  const unsettled = new Set(standings.flatMap(({ settled, budget }) => (settled ? [] : [budget])));
  const state = `${standings.length - unsettled.size} of ${standings.length} budgets settled`;
  if (unsettled.size === 0) return `Done: ${state}.`;
  if (ids.length > 0)
    return `${state}; for each other one the affordable run that best separates its top two splits for its cost.`;
  const left = arms.filter(({ budget }) => unsettled.has(budget)).flatMap((arm) => arm.left);
  if (left.length === 0) return `Stopped: ${state}; every run of the others has ended.`;
  return `Stopped: ${state}; every remaining run exceeds maxCostFraction.`;
}

function proposeBatch(state: SearchState, limits: AdaptiveLimits): SearchProposal {
  const belief = posteriorOf(state);
  const problems = problemsOf(belief.arms);
  const standings = problems.map((problem) => standingOf(belief, problem, limits));
  const batch = new Batch(state, limits.maxCostFraction);
  let { covariance } = belief.posterior;
  problems.forEach((problem, index) => {
    if (standings[index]!.settled) return;
    const choice = chooseRun({ belief, problem, limits, covariance, batch });
    if (choice === undefined) return;
    batch.take(choice.run);
    covariance = conditionOn(covariance, choice.place, belief.runVariance);
  });
  return { ids: batch.ids, standings, reason: describe(standings, batch, belief) };
}

/** Budgets with one split: there is nothing to search for, so the whole grid runs. */
function runAll(state: SearchState, limits: AdaptiveLimits): SearchProposal {
  const belief = posteriorOf(state);
  const ids = belief.arms.flatMap(({ left }) => left).map(({ id }) => id);
  const standings = problemsOf(belief.arms).map((problem) => standingOf(belief, problem, limits));
  const said = ids.length > 0 ? 'every run' : 'every run has ended';
  return { ids, standings, reason: `Each budget has one split: ${said}.` };
}

/**
 * The next batch of an adaptive search for the best split of each budget. Seeds are the only resource: smaller budgets or
 * fewer steps would move the optimum. Scores are a Gaussian process over (log1p
 * demonstrations, log1p pairs). For each budget that is not settled, the affordable run with the highest acquisition value
 * per marginal cost is chosen (after top-two sampling: Russo 2020, Oper. Res. 68(6)).
 * A budget is settled when P(regret ≤ limit) ≥ confidence.
 *
 * Pure: the same outcomes give the same batch, in any order.
 */
export function proposeAdaptive(state: SearchState, limits: AdaptiveLimits): SearchProposal {
  const problems = problemsOf(armsOf(state.runs));
  if (problems.every(({ places }) => places.length === 1)) return runAll(state, limits);
  return state.outcomes.length === 0 && state.failed.length === 0
    ? openSearch(state, limits)
    : proposeBatch(state, limits);
}
