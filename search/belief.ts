import { createRandom } from '../analysis/random';
import { inferSurface, type Posterior, type Observation } from './gaussian-process';
import { cholesky, multiplyLower } from './linear-algebra';
import { type Arm, armsOf, type SearchRun, type SearchState } from './state';

/** A split with the scores that its runs have left. */
export interface SeenArm extends Arm {
  readonly scores: readonly number[];
  readonly items: number;
  /** Runs that may still be asked for, by seed. */
  readonly left: readonly SearchRun[];
}

/** What is believed of all splits. */
export interface Belief {
  readonly arms: readonly SeenArm[];
  readonly posterior: Posterior;
  /** Variance of one run's score, from its seed and its items. */
  readonly runVariance: number;
  /** Joint draws of all true scores from the posterior. */
  readonly samples: readonly Float64Array[];
}

const sampleCount = 256;

/** Deviation between seeds, believed as much as `priorFreedom` repeated runs would be. */
const priorDeviation = 0.02;
const priorDegreesOfFreedom = 8;

function seeArms({ runs, outcomes, failed }: SearchState): SeenArm[] {
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const gone = new Set(failed);
  return armsOf(runs).map((arm) => {
    const seen = arm.runs.flatMap(({ id }) => byId.get(id) ?? []);
    return {
      ...arm,
      scores: seen.map(({ score }) => score),
      items: Math.max(1, ...seen.map(({ items }) => items)),
      left: arm.runs.filter(({ id }) => !byId.has(id) && !gone.has(id)),
    };
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / Math.max(1, values.length);

/** What is believed of seeds and items beforehand, corrected by runs that differ by seed alone. */
function poolVariance(arms: readonly SeenArm[]): number {
  const seen = arms.filter(({ scores }) => scores.length > 0);
  const items = mean(seen.map((arm) => (mean(arm.scores) * (1 - mean(arm.scores))) / arm.items));
  const prior = priorDeviation ** 2 + Math.max(items, 1e-6);
  const squares = sum(seen.map(({ scores }) => sum(scores.map((score) => (score - mean(scores)) ** 2))));
  const degreesOfFreedom = sum(seen.map(({ scores }) => scores.length - 1));
  return (priorDegreesOfFreedom * prior + squares) / (priorDegreesOfFreedom + degreesOfFreedom);
}

function drawSamples({ mean: centre, covariance }: Posterior, label: string): Float64Array[] {
  const lower = cholesky(covariance);
  const random = createRandom(label);
  return Array.from({ length: sampleCount }, () => {
    const normals = Float64Array.from(centre, () => random.normal());
    return multiplyLower(lower, normals).map((deviation, i) => centre[i]! + deviation);
  });
}

/** Reads a search's outcomes. The same ones give the same belief, on whichever host and in whichever order they came. */
export function inferBelief(state: SearchState): Belief {
  const arms = seeArms(state);
  const runVariance = poolVariance(arms);
  const observations = arms.flatMap(({ point, scores }): Observation[] =>
    scores.length === 0 ? [] : [{ point, value: mean(scores), variance: runVariance / scores.length }],
  );
  const points = arms.map(({ point }) => point);
  const posterior = inferSurface(points, observations);
  const label = `search, ${state.outcomes.length} of ${state.runs.length} runs`;
  return { arms, posterior, runVariance, samples: drawSamples(posterior, label) };
}
