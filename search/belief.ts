import { createDraws } from '../analysis/random';
import { inferSurface, type Posterior, type Observation } from './gaussian-process';
import { cholesky, multiplyLower } from './linear-algebra';
import { type Arm, armsOf, type SearchRun, type SearchState } from './state';

/** A split with the scores of its finished runs. */
export interface SeenArm extends Arm {
  readonly scores: readonly number[];
  readonly items: number;
  /** Runs that can still be proposed, by seed. */
  readonly left: readonly SearchRun[];
}

/** The posterior over all splits. */
export interface Belief {
  readonly arms: readonly SeenArm[];
  readonly posterior: Posterior;
  /** Variance of one run's score, from its seed and its items. */
  readonly runVariance: number;
  /** Joint samples of all true scores from the posterior. */
  readonly samples: readonly Float64Array[];
}

const sampleCount = 256;

/** Prior standard deviation between seeds, with the weight of `priorDegreesOfFreedom` repeated runs. */
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

/** Prior variance of seeds and items, updated by runs that differ by seed alone. */
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
  const random = createDraws(label);
  return Array.from({ length: sampleCount }, () => {
    const normals = Float64Array.from(centre, () => random.normal());
    return multiplyLower(lower, normals).map((deviation, i) => centre[i]! + deviation);
  });
}

/** The posterior given a search's outcomes. The same outcomes give the same one, on every host and in any order. */
export function posteriorOf(state: SearchState): Belief {
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
