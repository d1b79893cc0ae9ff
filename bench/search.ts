import { createDraws, type Draws } from '../analysis/random';
import { quantile } from '../analysis/special';
import { planGrid } from '../planning';
import { defineSweep } from '../definitions';
import { proposeAdaptive, type SearchOutcome, type SearchRun, searchRunsOf, totalSeconds } from '../search';
import { gradeSchoolMathDefaults } from '../tasks';
import { type Surface, surfaces } from './search-surfaces';
import { printTable } from './table';

const seeds = [0, 1, 2];
const items = 400;
/** Defaults of `search: { method: 'adaptive' }`. */
const limits = { regretTolerance: 0.02, confidence: 0.9, maxCostFraction: 0.5 };
const regretLimit = 0.02;

/** Standard deviation between seeds: 0.025 below 5,000 rows, 0.015 above. */
const seedDeviation = (budget: number): number => (budget < 5000 ? 0.025 : 0.015);

/** The runs of a surface's grid, with the cost that the planner models. */
async function runsOf({ budgets, fractions }: Surface): Promise<SearchRun[]> {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'surface',
    annotator: 'clean',
    seeds,
    budgets: [...budgets],
    sftFractions: [...fractions],
  });
  const model = { name: 'embedded', digest: 'a'.repeat(64), path: '/embedded' };
  const { cells, stages } = await planGrid({ definition, model, files: {}, poolRows: 1e6 });
  return searchRunsOf(cells, stages);
}

/** One draw of every run's score, made before any search, so that all searches see the same noise. */
interface World {
  readonly draw: number;
  readonly runs: readonly SearchRun[];
  readonly scores: ReadonlyMap<string, number>;
}

function drawScore(random: Draws, surface: Surface, { budget, sftFraction }: SearchRun): number {
  const skill = surface.scoreAt(budget, sftFraction) + random.normal() * seedDeviation(budget);
  let right = 0;
  for (let item = 0; item < items; item++) if (random.uniform() < skill) right += 1;
  return right / items;
}

function drawWorld(surface: Surface, runs: readonly SearchRun[], draw: number): World {
  const random = createDraws(`${surface.name} ${draw}`);
  return { draw, runs, scores: new Map(runs.map((run) => [run.id, drawScore(random, surface, run)])) };
}

/** Result of a search: the fraction chosen at each budget, and its runs. */
interface Ended {
  readonly chosen: ReadonlyMap<number, number>;
  readonly used: readonly SearchRun[];
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

function meanOf({ scores }: World, runs: readonly SearchRun[], fraction: number): number {
  const own = runs.filter((run) => run.sftFraction === fraction).map(({ id }) => scores.get(id)!);
  return own.reduce((sum, score) => sum + score, 0) / own.length;
}

/** Fractions that were run, by falling mean score. */
function rank(world: World, runs: readonly SearchRun[]): number[] {
  const means = distinct(runs.map((run) => run.sftFraction)).map(
    (fraction) => [fraction, meanOf(world, runs, fraction)] as const,
  );
  return means.sort((a, b) => b[1] - a[1]).map(([fraction]) => fraction);
}

function byMean(world: World, used: readonly SearchRun[]): Ended {
  const chosen = new Map<number, number>();
  for (const budget of distinct(used.map((run) => run.budget)))
    chosen.set(
      budget,
      rank(
        world,
        used.filter((run) => run.budget === budget),
      )[0]!,
    );
  return { chosen, used };
}

function searchAdaptively({ runs, scores }: World): Ended {
  const outcomes: SearchOutcome[] = [];
  for (;;) {
    const { ids, standings } = proposeAdaptive({ runs, outcomes, failed: [] }, limits);
    for (const id of ids) outcomes.push({ id, score: scores.get(id)!, items });
    if (ids.length > 0) continue;
    const used = new Set(outcomes.map(({ id }) => id));
    const chosen = new Map(standings.map(({ budget, sftFraction }) => [budget, sftFraction]));
    return { chosen, used: runs.filter(({ id }) => used.has(id)) };
  }
}

function runAlways(world: World): Ended {
  return byMean(
    world,
    world.runs.filter(({ sftFraction }) => sftFraction === 1 || sftFraction === 0.5),
  );
}

/** Runs in random order, as far as they fit into half of the grid's cost. */
function runRandomly(world: World): Ended {
  const random = createDraws(`order ${world.draw}`);
  const order = world.runs.map((run) => ({ run, rank: random.uniform() })).sort((a, b) => a.rank - b.rank);
  const limit = totalSeconds(world.runs) / 2;
  const used: SearchRun[] = [];
  for (const { run } of order) if (totalSeconds([...used, run]) <= limit) used.push(run);
  return byMean(world, used);
}

/** At one budget: every split with one seed, the better half with two, the best two with three. */
function halve(world: World, here: readonly SearchRun[]): SearchRun[] {
  let kept = distinct(here.map(({ sftFraction }) => sftFraction));
  const used: SearchRun[] = [];
  for (const seed of seeds) {
    used.push(...here.filter((run) => run.seed === seed && kept.includes(run.sftFraction)));
    const seen = used.filter(({ sftFraction }) => kept.includes(sftFraction));
    kept = rank(world, seen).slice(0, Math.max(2, Math.ceil(kept.length / 2)));
  }
  return used;
}

function runHalving(world: World): Ended {
  const budgets = distinct(world.runs.map((run) => run.budget));
  return byMean(
    world,
    budgets.flatMap((budget) =>
      halve(
        world,
        world.runs.filter((run) => run.budget === budget),
      ),
    ),
  );
}

const searches: Readonly<Record<string, (world: World) => Ended>> = {
  adaptive: searchAdaptively,
  'always {1, .5}': runAlways,
  random: runRandomly,
  'uniform halving': runHalving,
  'whole grid': (world) => byMean(world, world.runs),
};

/** Regrets by draw and budget, and the fraction of the grid's modelled cost that each draw took. */
interface Judgement {
  readonly regrets: readonly number[];
  readonly shares: readonly number[];
}

function regretsOf(surface: Surface, { chosen }: Ended): number[] {
  return surface.budgets.map((budget) => {
    const best = Math.max(...surface.fractions.map((fraction) => surface.scoreAt(budget, fraction)));
    // A budget without a run gets the first split.
    return best - surface.scoreAt(budget, chosen.get(budget) ?? surface.fractions[0]!);
  });
}

function judge(surface: Surface, worlds: readonly World[], search: (world: World) => Ended): Judgement {
  const ended = worlds.map(search);
  const whole = totalSeconds(worlds[0]!.runs);
  return {
    regrets: ended.flatMap((one) => regretsOf(surface, one)),
    shares: ended.map(({ used }) => totalSeconds(used) / whole),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number): string => (100 * share).toFixed(1);

function rowOf(name: string, { regrets, shares }: Judgement): string[] {
  // Scores of the tables are whole points; the tolerance allows for rounding of differences.
  const within = regrets.filter((regret) => regret <= regretLimit + 1e-9).length / regrets.length;
  const tails = [0.9, 0.99, 1].map((share) => quantile(Float64Array.from(regrets), share));
  return [name, ...[within, mean(regrets), ...tails, mean(shares), Math.max(...shares)].map(percent)];
}

/**
 * Compares the adaptive search with simple rules over many draws of item and seed noise, on the study's tables and on
 * surfaces of other shapes. One table for each surface: regret in points over budgets and draws, cost in percent of
 * the grid's modelled seconds.
 *
 * @param argv number of draws (default: 1,000), then names of surfaces (default: all)
 */
export async function benchSearch([count = '1000', ...names]: readonly string[]): Promise<void> {
  const head = ['search', 'regret ≤ 2, %', 'mean', 'p90', 'p99', 'worst', 'cost, %', 'dearest'];
  const chosen = surfaces.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const surface of chosen) {
    const runs = await runsOf(surface);
    const worlds = Array.from({ length: Number(count) }, (_, draw) => drawWorld(surface, runs, draw));
    console.log(`\n${surface.name}: ${worlds.length} draws at ${surface.budgets.length} budgets`);
    printTable(
      head,
      Object.entries(searches).map(([name, search]) => rowOf(name, judge(surface, worlds, search))),
    );
  }
}
