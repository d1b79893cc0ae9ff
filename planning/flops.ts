import { comparedItems } from '../contracts/evaluation-split';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { TrainingSpec } from '../schemas/training';
import { rates, expectedPairYield } from '../stages/rates';

/**
 * Floating-point operations, for the price of compute: forward 2 per parameter and token; backward twice that, or once
 * where the weights are frozen under an adapter and only activations need gradients (Kaplan et al. 2020, section 2.1;
 * attention products are left out). Lengths are those of the plan's time estimates.
 */
const forwardFlops = 2;

type Definition = ExperimentDefinition | SweepDefinition;

const trainingFlops = ({ lora }: Pick<TrainingSpec, 'lora'>): number =>
  forwardFlops * (lora === null ? 3 : 2);

const rowTokens = ({ maxLength }: Pick<TrainingSpec, 'maxLength'>): number => maxLength * rates.meanRowLength;

/** Operations of training on one demonstration. */
export function sftRowFlops({ sft }: Pick<Definition, 'sft'>, parameters: number): number {
  return sft.epochs * rowTokens(sft) * trainingFlops(sft) * parameters;
}

/** Operations for one pair: sampling, the reference's forward pass over both answers, training. */
export function pairFlops(
  { preference, pairs }: Pick<Definition, 'preference' | 'pairs'>,
  parameters: number,
): number {
  const sampled = (pairs.candidates / expectedPairYield) * pairs.maxNewTokens * rates.meanAnswerLength;
  const both = 2 * rowTokens(preference);
  const trained = preference.epochs * both * trainingFlops(preference);
  return (forwardFlops * (sampled + both) + trained) * parameters;
}

/** Operations of evaluating one cell. */
export function evaluationFlops(
  definition: Pick<Definition, 'evaluation' | 'data'>,
  parameters: number,
): number {
  const { maxNewTokens } = definition.evaluation;
  return forwardFlops * comparedItems(definition) * maxNewTokens * rates.meanAnswerLength * parameters;
}
