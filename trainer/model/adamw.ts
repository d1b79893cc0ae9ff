import { ops, type Value } from '../graph';
import type { OptimizerConfig } from '../settings';

const { add, div, input, minimum, mul, scalar, sqrt, sub, sum } = ops;

/** A flat block of trained parameters with its gradient and moments, all [size]. */
export interface OptimizerBlock {
  readonly parameters: Value;
  readonly gradient: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
  readonly decayed: boolean;
}

export interface UpdatedBlock {
  readonly parameters: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
}

/** The scalars that change from step to step; see scheduleScalars. */
interface Schedule {
  readonly stepSize: Value;
  readonly epsilon: Value;
  readonly decay: Value;
}

/** √ Σ g² over all blocks: a scalar []. */
function globalNorm(gradients: readonly Value[]): Value {
  const squares = gradients.map((g) => sum(mul(g, g)));
  return sqrt(squares.reduce((total, square) => add(total, square)));
}

/**
 * AdamW with decoupled weight decay. Moments are stored divided by 1 − β, which saves two products a step:
 * m ← β₁ m + g,  v ← β₂ v + g²,  p ← decay · p − stepSize · m / (√v + ε̂).
 */
function update(
  block: OptimizerBlock,
  gradient: Value,
  config: OptimizerConfig,
  schedule: Schedule,
): UpdatedBlock {
  const firstMoment = add(mul(block.firstMoment, scalar(config.beta1)), gradient);
  const secondMoment = add(mul(block.secondMoment, scalar(config.beta2)), mul(gradient, gradient));
  const direction = div(firstMoment, add(sqrt(secondMoment), schedule.epsilon));
  const decayed =
    block.decayed && config.weightDecay !== 0 ? mul(block.parameters, schedule.decay) : block.parameters;
  return { parameters: sub(decayed, mul(direction, schedule.stepSize)), firstMoment, secondMoment };
}

/** The optimizer step. Scalar inputs: step_size, epsilon and decay. */
export function buildUpdate(
  blocks: readonly OptimizerBlock[],
  config: OptimizerConfig,
): { readonly blocks: readonly UpdatedBlock[]; readonly gradientNorm: Value } {
  const gradientNorm = globalNorm(blocks.map(({ gradient }) => gradient));
  const schedule = {
    stepSize: input('step_size', 'f32', []),
    epsilon: input('epsilon', 'f32', []),
    decay: input('decay', 'f32', []),
  };
  const clip = (g: Value): Value => {
    if (config.maxGradNorm === null) return g;
    const coefficient = div(scalar(config.maxGradNorm), add(gradientNorm, scalar(1e-6)));
    return mul(g, minimum(scalar(1), coefficient));
  };
  return {
    blocks: blocks.map((block) => update(block, clip(block.gradient), config, schedule)),
    gradientNorm,
  };
}

/**
 * The scalars of step t ≥ 1. With m̂ = (1 − β₁) m / (1 − β₁ᵗ) and v̂ likewise, lr · m̂ / (√v̂ + ε) equals
 * stepSize · m / (√v + ε̂), where k = √((1 − β₂) / (1 − β₂ᵗ)), ε̂ = ε / k, stepSize = lr (1 − β₁) / ((1 − β₁ᵗ) k).
 */
export function scheduleScalars(
  config: OptimizerConfig,
  { step, learningRate }: { step: number; learningRate: number },
): Readonly<Record<'step_size' | 'epsilon' | 'decay', number>> {
  const k = Math.sqrt((1 - config.beta2) / (1 - config.beta2 ** step));
  return {
    step_size: (learningRate * (1 - config.beta1)) / ((1 - config.beta1 ** step) * k),
    epsilon: config.epsilon / k,
    decay: 1 - learningRate * config.weightDecay,
  };
}
