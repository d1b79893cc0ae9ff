import { scheduleScalars } from '../model/adamw';
import { initLora } from '../model/initialise';
import {
  chooseLength,
  choosePairLength,
  chunk,
  isUnpaired,
  packPairs,
  packSequences,
  type BatchShape,
} from './batches';
import { packBlocks, unpackBlocks } from './blocks';
import { tokenWords } from './dropout';
import { floats, scalarOf, summarise, type Batch, type Feeds, type Results } from './figures';
import { denominators, packBatch, scalarTensor, vectorTensor } from './packing';
import { SessionShelf } from './sessions';
import {
  blockName,
  buildAccumulation,
  buildPairLogProbabilities,
  buildSequenceLogProbabilities,
  buildOptimizer,
  buildStep,
  drops,
  planTraining,
  type TrainPlan,
} from './train-graphs';
import type {
  EngineOptions,
  PairRow,
  SequenceRow,
  StepFigures,
  TrainEngine,
  TrainRow,
  TrainState,
  Weights,
} from './types';

type BlockKind = Parameters<typeof blockName>[0];

/** One flat buffer a block. */
type Buffers = readonly Float32Array[];

interface State {
  parameters: Buffers;
  first: Buffers;
  second: Buffers;
}

function blockFeeds(kind: BlockKind, buffers: Buffers): Feeds {
  return Object.fromEntries(buffers.map((buffer, index) => [blockName(kind, index), vectorTensor(buffer)]));
}

function takeBlocks(results: Results, kind: BlockKind, before: Buffers): Buffers {
  return before.map((_, index) => floats(results, `next_${blockName(kind, index)}`));
}

function zerosLike(buffers: Buffers): Buffers {
  return buffers.map(({ length }) => new Float32Array(length));
}

/** Graphs that score rows of one form with the forward pass of training. */
const scorers = { pair: buildPairLogProbabilities, sequence: buildSequenceLogProbabilities };

class OnnxTrainEngine implements TrainEngine {
  private readonly plan: TrainPlan;
  private readonly sessions: SessionShelf;
  private state: State;

  constructor(private readonly options: EngineOptions) {
    this.plan = planTraining(options);
    this.sessions = new SessionShelf({ threads: options.threads });
    const parameters = packBlocks(this.plan.blocks, this.initialTensors());
    this.state = { parameters, first: zerosLike(parameters), second: zerosLike(parameters) };
  }

  private initialTensors(): Weights {
    const { lora, config, weights } = this.options;
    return lora === null ? weights : initLora(config, lora, 0);
  }

  async step(rows: readonly TrainRow[], at: { step: number; learningRate: number }): Promise<StepFigures> {
    const { objective, microBatchRows } = this.options;
    const batches = chunk(rows, microBatchRows).map((part, index) =>
      this.withDropout(packBatch(part, this.options), { step: at.step, firstRow: index * microBatchRows }),
    );
    const shared = denominators(objective, rows);
    const baseline = objective.name === 'kto' ? await this.measureBaseline(rows) : 0;
    if (objective.name === 'kto') shared['baseline'] = scalarTensor(baseline);
    const { passes, gradientNorm } = await this.runStep(batches, shared, this.scheduleFeeds(at));
    return { ...summarise({ passes, batches, objective, baseline }), grad_norm: gradientNorm };
  }

  private withDropout(batch: Batch, place: { step: number; firstRow: number }): Batch {
    if (!drops(this.plan)) return batch;
    const token_words = tokenWords({ seed: this.options.seed ?? 0, ...place }, batch.shape);
    return { ...batch, feeds: { ...batch.feeds, token_words } };
  }

  /** KTO's z: how far the policy has moved on answers to other prompts, over the whole step; never below 0. */
  private async measureBaseline(rows: readonly TrainRow[]): Promise<number> {
    const unpaired = rows.filter(isUnpaired);
    const logprobs = await this.sequenceLogprobs(unpaired.map(({ mismatched }) => mismatched));
    const moved = unpaired.map(({ referenceMismatched }, i) => (logprobs[i] ?? 0) - referenceMismatched);
    return Math.max(0, moved.reduce((sum, ratio) => sum + ratio, 0) / unpaired.length);
  }

  private scheduleFeeds(at: { step: number; learningRate: number }): Feeds {
    const scalars = Object.entries(scheduleScalars(this.options.optimizer, at));
    return Object.fromEntries(scalars.map(([name, value]) => [name, scalarTensor(value)]));
  }

  private async runStep(
    batches: readonly Batch[],
    shared: Feeds,
    schedule: Feeds,
  ): Promise<{ passes: readonly Results[]; gradientNorm: number }> {
    const [only, ...more] = batches;
    if (only !== undefined && more.length === 0) return this.runFused(only, { ...shared, ...schedule });
    const passes: Results[] = [];
    let gradients = zerosLike(this.state.parameters);
    for (const batch of batches) {
      const results = await this.accumulate(batch, shared, gradients);
      gradients = takeBlocks(results, 'gradient', gradients);
      passes.push(results);
    }
    const session = await this.sessions.get('update', null, () => buildOptimizer(this.plan));
    const updated = await session.run({
      ...schedule,
      ...this.stateFeeds(),
      ...blockFeeds('gradient', gradients),
    });
    this.adopt(updated);
    return { passes, gradientNorm: scalarOf(updated, 'gradient_norm') };
  }

  private async runFused(
    batch: Batch,
    shared: Feeds,
  ): Promise<{ passes: readonly Results[]; gradientNorm: number }> {
    const session = await this.sessions.get('step', batch.shape, () => buildStep(this.plan, batch.shape));
    const results = await session.run({ ...batch.feeds, ...shared, ...this.stateFeeds() });
    this.adopt(results);
    return { passes: [results], gradientNorm: scalarOf(results, 'gradient_norm') };
  }

  private async accumulate(batch: Batch, shared: Feeds, gradients: Buffers): Promise<Results> {
    const session = await this.sessions.get('accumulation', batch.shape, () =>
      buildAccumulation(this.plan, batch.shape),
    );
    return session.run({
      ...batch.feeds,
      ...shared,
      ...blockFeeds('parameters', this.state.parameters),
      ...blockFeeds('gradient', gradients),
    });
  }

  private stateFeeds(): Feeds {
    const { parameters, first, second } = this.state;
    return {
      ...blockFeeds('parameters', parameters),
      ...blockFeeds('first', first),
      ...blockFeeds('second', second),
    };
  }

  private adopt(results: Results): void {
    const { parameters, first, second } = this.state;
    this.state = {
      parameters: takeBlocks(results, 'parameters', parameters),
      first: takeBlocks(results, 'first', first),
      second: takeBlocks(results, 'second', second),
    };
  }

  async pairLogprobs(rows: readonly PairRow[]): Promise<{ chosen: Float64Array; rejected: Float64Array }> {
    const [chosen, rejected] = [new Float64Array(rows.length), new Float64Array(rows.length)];
    const { microBatchRows: capacity, lengthBuckets } = this.options;
    for (const [index, part] of chunk(rows, capacity).entries()) {
      const shape = { rows: capacity, length: choosePairLength(part, lengthBuckets) };
      const logprobs = await this.score('pair', shape, packPairs(part, shape));
      chosen.set(logprobs.subarray(0, part.length), index * capacity);
      rejected.set(logprobs.subarray(capacity, capacity + part.length), index * capacity);
    }
    return { chosen, rejected };
  }

  async sequenceLogprobs(rows: readonly SequenceRow[]): Promise<Float64Array> {
    const scores = new Float64Array(rows.length);
    const { microBatchRows: capacity, lengthBuckets } = this.options;
    for (const [index, part] of chunk(rows, capacity).entries()) {
      const shape = { rows: capacity, length: chooseLength(part, lengthBuckets) };
      const logprobs = await this.score('sequence', shape, packSequences(part, shape));
      scores.set(logprobs.subarray(0, part.length), index * capacity);
    }
    return scores;
  }

  private async score(form: keyof typeof scorers, shape: BatchShape, feeds: Feeds): Promise<Float32Array> {
    const session = await this.sessions.get(`${form} logprobs`, shape, () => scorers[form](this.plan, shape));
    const parameters = blockFeeds('parameters', this.state.parameters);
    return floats(await session.run({ ...feeds, ...parameters }), 'logprobs');
  }

  exportState(): TrainState {
    const { parameters, first, second } = this.state;
    return {
      parameters: unpackBlocks(this.plan.blocks, parameters),
      firstMoments: unpackBlocks(this.plan.blocks, first),
      secondMoments: unpackBlocks(this.plan.blocks, second),
    };
  }

  importState(state: TrainState): void {
    this.state = {
      parameters: packBlocks(this.plan.blocks, state.parameters),
      first: packBlocks(this.plan.blocks, state.firstMoments),
      second: packBlocks(this.plan.blocks, state.secondMoments),
    };
  }

  release(): Promise<void> {
    return this.sessions.release();
  }
}

/** Opens an engine with the given weights; a new adapter starts from seed 0 unless a state is imported. */
export async function createTrainEngine(options: EngineOptions): Promise<TrainEngine> {
  return Promise.resolve(new OnnxTrainEngine(options));
}
