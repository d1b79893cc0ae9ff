import { differentiate, ops, type Carry, type LoweredModel, type Value } from '../graph';
import { buildUpdate, type OptimizerBlock, type UpdatedBlock } from '../model/adamw';
import type { WeightSource } from '../families/define';
import { buildLosses, sequenceLogProbabilities, type ForwardSpec, type Losses } from '../model/objectives';
import { loraNames, loraParameters, loraScale } from '../model/parameters';
import { columnWords } from './dropout';
import { unmergedOps, type DecoderOps } from '../families/decoder-ops';
import { scoredRows, packedInputs, type PackedInputs, type PackedShape } from '../model/packed-decoder';
import { blockName, planBlocks, requireTensor, splitBlock, type Block, type BlockKind } from './blocks';
import { cpuProfile, lower } from './placement';
import type { GraphProfile } from './types';
import type { LoraConfig, OptimizerConfig } from '../settings';
import type { ModelConfig } from '../families/define';
import type { Objective } from '../rows';
import type { Weights } from '../tensor';

/** Everything that determines the graphs of a training run. */
export interface TrainPlan {
  readonly profile: GraphProfile;
  readonly config: ModelConfig;
  readonly lora: LoraConfig | null;
  readonly objective: Objective;
  readonly optimizer: OptimizerConfig;
  /** The frozen weights under LoRA, constants of the graph. Not read in a full fine-tune. */
  readonly weights: Weights;
  readonly blocks: readonly Block[];
  readonly decoderOps?: DecoderOps;
}

type PlanOptions = Omit<TrainPlan, 'blocks' | 'profile'> & Partial<Pick<TrainPlan, 'profile'>>;

export function planTraining(options: PlanOptions): TrainPlan {
  const { config, lora, profile = cpuProfile } = options;
  return {
    // In 16 bits, W + s·B·A would lose small updates.
    decoderOps: profile.precision === 'f32' ? undefined : unmergedOps,
    ...options,
    profile,
    blocks: planBlocks(lora === null ? config.family.parameters(config) : loraParameters(config, lora)),
  };
}

/** Loss scale: keeps small f16 gradients from underflowing. A power of two, so it rounds nothing. */
const gradientScale = ({ profile }: TrainPlan): number => (profile.precision === 'f16' ? 1024 : 1);

function blockInputs(plan: TrainPlan, kind: BlockKind): readonly Value[] {
  return plan.blocks.map(({ size }, index) => ops.input(blockName(kind, index), 'f32', [size]));
}

function nextBlocks(kind: BlockKind, values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(values.map((value, index) => [`next_${blockName(kind, index)}`, value]));
}

/**
 * Finds weights among the trained tensors, then among the frozen ones. `wordsOf` returns the random dropout words of a
 * training step's tokens (i32), of all tokens or of the scored ones. null: no dropout.
 */
export function createSource(
  options: Pick<TrainPlan, 'config' | 'lora' | 'weights'>,
  trained: ReadonlyMap<string, Value>,
  wordsOf: ((tokens: number) => Value) | null = null,
): WeightSource {
  const { config, lora, weights } = options;
  const specs = new Map(config.family.parameters(config).map((spec) => [spec.name, spec]));
  const constants = new Map<string, Value>();
  const frozen = (name: string): Value => {
    const existing = constants.get(name);
    if (existing !== undefined) return existing;
    const { data, dims } = requireTensor(weights, specs.get(name) ?? { name, dims: [] });
    const value = ops.constant(data, dims);
    constants.set(name, value);
    return value;
  };
  return {
    weight: (name) => trained.get(name) ?? frozen(name),
    adapter: (module, tokens) => {
      const names = loraNames(module);
      const [a, b] = [trained.get(names.a), trained.get(names.b)];
      if (lora === null || a === undefined || b === undefined) return null;
      const columns = (): Value => ops.words(columnWords(module, a.shape[1] ?? 0));
      const mask = wordsOf && ops.dropoutMask(wordsOf(tokens), columns(), lora.dropout ?? 0);
      return { weights: { a, b, mask }, scale: loraScale(lora) };
    },
  };
}

/** Whether training steps need random words for dropout. */
export const usesDropout = ({ lora }: Pick<TrainPlan, 'lora'>): boolean => (lora?.dropout ?? 0) > 0;

/** The dropout words of all tokens or of the scored ones, by the number of tokens. */
function dropoutWords(packed: PackedInputs): (tokens: number) => Value {
  const all = ops.input('token_words', 'i32', [packed.tokens]);
  const scored = scoredRows(all, packed);
  return (tokens) => (tokens === packed.tokens ? all : scored);
}

/** Dropout only applies if `training` is true. */
function forwardSpec(
  plan: TrainPlan,
  parameters: readonly Value[],
  { shape, training }: { shape: PackedShape; training: boolean },
): ForwardSpec {
  const trained = new Map(
    plan.blocks.flatMap((block, index) => {
      const value = parameters[index];
      return value === undefined ? [] : [...splitBlock(block, value)];
    }),
  );
  const { config, decoderOps } = plan;
  const packed = packedInputs(shape);
  const words = training && usesDropout(plan) ? dropoutWords(packed) : null;
  return {
    shape,
    packed,
    config,
    source: createSource(plan, trained, words),
    logitTokens: plan.profile.logitTokens,
    decoderOps,
  };
}

function buildGradients(
  plan: TrainPlan,
  shape: PackedShape,
): Losses & { readonly parameters: readonly Value[]; readonly gradients: readonly Value[] } {
  const parameters = blockInputs(plan, 'parameters');
  const residuals: Value[] = [];
  const spec = forwardSpec(plan, parameters, { shape, training: true });
  const losses = buildLosses(plan.objective, { ...spec, onResidual: (x) => void residuals.push(x) });
  const scale = gradientScale(plan);
  const checkpoints = plan.profile.recompute ? residuals : [];
  const scaled = differentiate(losses.loss, parameters, { checkpoints, scale });
  const gradients = scale === 1 ? scaled : scaled.map((g) => ops.mul(g, ops.scalar(1 / scale)));
  return { ...losses, parameters, gradients };
}

interface Update {
  /** The updated blocks by kind. */
  readonly next: Readonly<Record<'parameters' | 'first' | 'second', readonly Value[]>>;
  readonly gradientNorm: Value;
}

function updateBlocks(plan: TrainPlan, parameters: readonly Value[], gradients: readonly Value[]): Update {
  const [first, second] = [blockInputs(plan, 'first'), blockInputs(plan, 'second')];
  const blocks = plan.blocks.map(
    (block, index) =>
      ({
        decayed: block.decayed,
        parameters: parameters[index],
        gradient: gradients[index],
        firstMoment: first[index],
        secondMoment: second[index],
      }) as OptimizerBlock,
  );
  const updated = buildUpdate(blocks, plan.optimizer);
  const pick = (part: keyof UpdatedBlock): readonly Value[] => updated.blocks.map((block) => block[part]);
  return {
    next: { parameters: pick('parameters'), first: pick('firstMoment'), second: pick('secondMoment') },
    gradientNorm: updated.gradientNorm,
  };
}

function updateOutputs(
  plan: TrainPlan,
  parameters: readonly Value[],
  gradients: readonly Value[],
): Record<string, Value> {
  const { next, gradientNorm } = updateBlocks(plan, parameters, gradients);
  const kinds = ['parameters', 'first', 'second'] as const;
  const blocks = Object.assign({}, ...kinds.map((kind) => nextBlocks(kind, next[kind]))) as Record<
    string,
    Value
  >;
  return { ...blocks, gradient_norm: gradientNorm };
}

/** Forward, backward and update of a step with one micro-batch. */
export function buildStep(plan: TrainPlan, shape: PackedShape): LoweredModel {
  const { loss, metrics, parameters, gradients } = buildGradients(plan, shape);
  return lower(plan.profile, { ...updateOutputs(plan, parameters, gradients), loss, ...metrics });
}

const addBlocks = (before: readonly Value[], gradients: readonly Value[]): readonly Value[] =>
  before.map((sum, index) => {
    const gradient = gradients[index];
    return gradient === undefined ? sum : ops.add(sum, gradient);
  });

/** Forward and backward of one of several micro-batches. Adds its gradients to those of the previous ones. */
export function buildAccumulation(plan: TrainPlan, shape: PackedShape): LoweredModel {
  const { loss, metrics, gradients } = buildGradients(plan, shape);
  const sums = addBlocks(blockInputs(plan, 'gradient'), gradients);
  return lower(plan.profile, { ...nextBlocks('gradient', sums), loss, ...metrics });
}

/** Kinds of blocks in the carry of a scan. */
const carryKinds = ['parameters', 'first', 'second', 'gradient'] as const;

/** The carry of a scan over micro-batches: inputs and the outputs that replace them. */
export const scanCarry = ({ blocks }: TrainPlan): Carry =>
  new Map(
    carryKinds.flatMap((kind) =>
      blocks.map((_, index) => [blockName(kind, index), `next_${blockName(kind, index)}`] as const),
    ),
  );

/**
 * All micro-batches of several steps in one call, as a scan: forward and backward of each, and the update after the last
 * one of a step. Input accumulation_boundary (f32 []): 1 for a step's last micro-batch, else 0.
 */
export function buildScan(plan: TrainPlan, shape: PackedShape): LoweredModel {
  const { loss, metrics, parameters, gradients } = buildGradients(plan, shape);
  const sums = addBlocks(blockInputs(plan, 'gradient'), gradients);
  const { next, gradientNorm } = updateBlocks(plan, parameters, sums);
  const boundary = ops.lessOrEqual(ops.scalar(0.5), ops.input('accumulation_boundary', 'f32', []));
  const atBoundary = (updated: readonly Value[], unchanged: readonly Value[]): readonly Value[] =>
    updated.map((value, index) => ops.where(boundary, value, unchanged[index] ?? value));
  const zeros = sums.map(({ shape: size }) => ops.broadcastTo(ops.scalar(0), size));
  const outputs = {
    ...nextBlocks('parameters', atBoundary(next.parameters, parameters)),
    ...nextBlocks('first', atBoundary(next.first, blockInputs(plan, 'first'))),
    ...nextBlocks('second', atBoundary(next.second, blockInputs(plan, 'second'))),
    ...nextBlocks('gradient', atBoundary(zeros, sums)),
    gradient_norm: gradientNorm,
  };
  return lower(plan.profile, { ...outputs, loss, ...metrics }, scanCarry(plan));
}

/** The optimizer update from accumulated gradients. */
export function buildOptimizer(plan: TrainPlan): LoweredModel {
  return lower(
    plan.profile,
    updateOutputs(plan, blockInputs(plan, 'parameters'), blockInputs(plan, 'gradient')),
  );
}

/** Only the summed log-probabilities of a batch's sequences, by the forward pass of training. */
export function buildScoring(plan: TrainPlan, shape: PackedShape): LoweredModel {
  const parameters = blockInputs(plan, 'parameters');
  const spec = forwardSpec(plan, parameters, { shape, training: false });
  return lower(plan.profile, { logprobs: sequenceLogProbabilities(spec) });
}
