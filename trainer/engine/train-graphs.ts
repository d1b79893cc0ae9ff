import { differentiate, ops, type Carried, type LoweredModel, type Value } from '../graph';
import { buildUpdate, type OptimizerBlock, type UpdatedBlock } from '../model/adamw';
import type { WeightSource } from '../model/decoder';
import { buildLosses, sequenceLogProbabilities, type ForwardSpec, type Losses } from '../model/objectives';
import { loraNames, loraParameters, loraScale, modelParameters } from '../model/parameters';
import { columnWords } from './dropout';
import { unmergedPieces, type Pieces } from '../model/pieces';
import { scoredRows, streamInputs, type StreamInputs, type StreamShape } from '../model/stream';
import { planBlocks, requireTensor, splitBlock, type Block } from './blocks';
import { lower, placeGraphs, type Placement } from './placement';
import type { GraphProfile, LoraShape, ModelConfig, Objective, OptimizerShape, Weights } from './types';

/** Everything that decides what the graphs of a training run look like. */
export interface TrainPlan extends Placement {
  readonly config: ModelConfig;
  readonly lora: LoraShape | null;
  readonly objective: Objective;
  readonly optimizer: OptimizerShape;
  /** Constants of the graph under LoRA; not read otherwise. */
  readonly weights: Weights;
  readonly blocks: readonly Block[];
  readonly pieces?: Pieces;
}

type PlanOptions = Omit<TrainPlan, 'blocks' | keyof Placement> & { readonly profile?: GraphProfile };

export function planTraining(options: PlanOptions): TrainPlan {
  const { config, lora } = options;
  const placement = placeGraphs(options.profile);
  return {
    // W + s·B·A in sixteen bits would lose what is small beside W.
    ...(placement.profile.precision === 'f32' ? {} : { pieces: unmergedPieces }),
    ...options,
    ...placement,
    blocks: planBlocks(lora === null ? modelParameters(config) : loraParameters(config, lora)),
  };
}

/** Keeps small gradients of a half with a short exponent from becoming zero; a power of two, so nothing is rounded. */
const gradientScale = ({ profile }: TrainPlan): number => (profile.precision === 'f16' ? 1024 : 1);

/** Names of block inputs; the outputs that replace them have the same names with "next_" before them. */
export function blockName(kind: 'parameters' | 'gradient' | 'first' | 'second', index: number): string {
  return `${kind}${String(index)}`;
}

function blockInputs(plan: TrainPlan, kind: Parameters<typeof blockName>[0]): readonly Value[] {
  return plan.blocks.map(({ size }, index) => ops.input(blockName(kind, index), 'f32', [size]));
}

function nextBlocks(kind: Parameters<typeof blockName>[0], values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(values.map((value, index) => [`next_${blockName(kind, index)}`, value]));
}

/**
 * Looks weights up among trained tensors first, then among constants. `wordsOf` gives the random words of a training
 * step's tokens (i32 [N]), of all or of the scored ones; without them nothing is dropped.
 */
export function createSource(
  options: Pick<TrainPlan, 'config' | 'lora' | 'weights'>,
  trained: ReadonlyMap<string, Value>,
  wordsOf: ((tokens: number) => Value) | null = null,
): WeightSource {
  const { config, lora, weights } = options;
  const specs = new Map(modelParameters(config).map((spec) => [spec.name, spec]));
  const constants = new Map<string, Value>();
  const frozen = (name: string): Value => {
    const known = constants.get(name);
    if (known !== undefined) return known;
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

/** Whether training steps take random words of their tokens. */
export const drops = ({ lora }: Pick<TrainPlan, 'lora'>): boolean => (lora?.dropout ?? 0) > 0;

/** The words of a step's tokens: of all of them or of the scored ones, by how many are asked for. */
function dropoutWords(stream: StreamInputs): (tokens: number) => Value {
  const all = ops.input('token_words', 'i32', [stream.tokens]);
  const scored = scoredRows(all, stream);
  return (tokens) => (tokens === stream.tokens ? all : scored);
}

/** `training` is what dropout holds for; scoring goes without. */
function forwardSpec(
  plan: TrainPlan,
  parameters: readonly Value[],
  { shape, training }: { shape: StreamShape; training: boolean },
): ForwardSpec {
  const trained = new Map(
    plan.blocks.flatMap((block, index) => {
      const value = parameters[index];
      return value === undefined ? [] : [...splitBlock(block, value)];
    }),
  );
  const { config, pieces } = plan;
  const stream = streamInputs(shape);
  const words = training && drops(plan) ? dropoutWords(stream) : null;
  return {
    shape,
    stream,
    config,
    source: createSource(plan, trained, words),
    logitTokens: plan.profile.logitTokens,
    ...(pieces === undefined ? {} : { pieces }),
  };
}

function buildGradients(
  plan: TrainPlan,
  shape: StreamShape,
): Losses & { readonly parameters: readonly Value[]; readonly gradients: readonly Value[] } {
  const parameters = blockInputs(plan, 'parameters');
  const between: Value[] = [];
  const spec = forwardSpec(plan, parameters, { shape, training: true });
  const losses = buildLosses(plan.objective, { ...spec, betweenLayers: (x) => void between.push(x) });
  const scale = gradientScale(plan);
  const checkpoints = plan.profile.recompute ? between : [];
  const scaled = differentiate(losses.loss, parameters, { checkpoints, scale });
  const gradients = scale === 1 ? scaled : scaled.map((g) => ops.mul(g, ops.scalar(1 / scale)));
  return { ...losses, parameters, gradients };
}

interface Update {
  /** Blocks behind the update, by kind. */
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

/** Forward, backward and update of a step that is one micro-batch. */
export function buildStep(plan: TrainPlan, shape: StreamShape): LoweredModel {
  const { loss, figures, parameters, gradients } = buildGradients(plan, shape);
  return lower(plan, { ...updateOutputs(plan, parameters, gradients), loss, ...figures });
}

const addBlocks = (before: readonly Value[], gradients: readonly Value[]): readonly Value[] =>
  before.map((sum, index) => {
    const gradient = gradients[index];
    return gradient === undefined ? sum : ops.add(sum, gradient);
  });

/** Forward and backward of one micro-batch of several, added to the gradients of those before it. */
export function buildAccumulation(plan: TrainPlan, shape: StreamShape): LoweredModel {
  const { loss, figures, gradients } = buildGradients(plan, shape);
  const sums = addBlocks(blockInputs(plan, 'gradient'), gradients);
  return lower(plan, { ...nextBlocks('gradient', sums), loss, ...figures });
}

/** Kinds of blocks that a training run carries on from turn to turn. */
const carriedKinds = ['parameters', 'first', 'second', 'gradient'] as const;

/** What a call of many turns carries on: inputs, and the outputs that take their place. */
export const carriedBlocks = ({ blocks }: TrainPlan): Carried =>
  new Map(
    carriedKinds.flatMap((kind) =>
      blocks.map((_, index) => [blockName(kind, index), `next_${blockName(kind, index)}`] as const),
    ),
  );

/**
 * Forward and backward of a micro-batch, and where it ends its step the update, as often in one call as there are
 * micro-batches in some steps. Input `ends` (f32 []): 1 for a step's last micro-batch, else 0.
 */
export function buildTurns(plan: TrainPlan, shape: StreamShape): LoweredModel {
  const { loss, figures, parameters, gradients } = buildGradients(plan, shape);
  const sums = addBlocks(blockInputs(plan, 'gradient'), gradients);
  const { next, gradientNorm } = updateBlocks(plan, parameters, sums);
  const ends = ops.lessOrEqual(ops.scalar(0.5), ops.input('ends', 'f32', []));
  const where = (ended: readonly Value[], going: readonly Value[]): readonly Value[] =>
    ended.map((value, index) => ops.where(ends, value, going[index] ?? value));
  const cleared = sums.map(({ shape: size }) => ops.broadcastTo(ops.scalar(0), size));
  const outputs = {
    ...nextBlocks('parameters', where(next.parameters, parameters)),
    ...nextBlocks('first', where(next.first, blockInputs(plan, 'first'))),
    ...nextBlocks('second', where(next.second, blockInputs(plan, 'second'))),
    ...nextBlocks('gradient', where(cleared, sums)),
    gradient_norm: gradientNorm,
  };
  return lower(plan, { ...outputs, loss, ...figures }, carriedBlocks(plan));
}

/** The update from summed gradients. */
export function buildOptimizer(plan: TrainPlan): LoweredModel {
  return lower(plan, updateOutputs(plan, blockInputs(plan, 'parameters'), blockInputs(plan, 'gradient')));
}

/** Summed log-probabilities of a batch's sequences by the very forward pass of training, and nothing else. */
export function buildScoring(plan: TrainPlan, shape: StreamShape): LoweredModel {
  const parameters = blockInputs(plan, 'parameters');
  const spec = forwardSpec(plan, parameters, { shape, training: false });
  return lower(plan, { logprobs: sequenceLogProbabilities(spec) });
}
