import { BudgetlineError } from '../../contracts/failures';
import { scheduleScalars } from '../model/adamw';
import { initLora } from '../model/initialise';
import type { BufferTensor } from '../runtime';
import {
  chooseLength,
  choosePairLength,
  chunk,
  isPair,
  packPairs,
  packSequences,
  supervisedTokens,
  type BatchShape,
} from './batches';
import { packBlocks, unpackBlocks } from './blocks';
import { floats, scalarOf, summarise, type Batch, type Feeds, type Results } from './figures';
import { SessionShelf } from './sessions';
import {
  blockName,
  buildAccumulation,
  buildLogProbabilities,
  buildOptimizer,
  buildStep,
  planTraining,
  type TrainPlan,
} from './train-graphs';
import type {
  EngineOptions,
  PairRow,
  SequenceRow,
  StepFigures,
  TrainEngine,
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

const scalarTensor = (value: number): BufferTensor => ({ dims: [], data: Float32Array.of(value) });
const vectorTensor = (values: Float32Array): BufferTensor => ({ dims: [values.length], data: values });

function blockFeeds(kind: BlockKind, buffers: Buffers): Feeds {
  return Object.fromEntries(buffers.map((buffer, index) => [blockName(kind, index), vectorTensor(buffer)]));
}

function takeBlocks(results: Results, kind: BlockKind, before: Buffers): Buffers {
  return before.map((_, index) => floats(results, `next_${blockName(kind, index)}`));
}

function zerosLike(buffers: Buffers): Buffers {
  return buffers.map(({ length }) => new Float32Array(length));
}

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

  async step(
    rows: readonly (SequenceRow | PairRow)[],
    at: { step: number; learningRate: number },
  ): Promise<StepFigures> {
    const batches = this.packBatches(rows);
    const tokens = rows.reduce((total, row) => total + tokensOf(row), 0);
    const schedule = this.scheduleFeeds(at);
    const shared = { inverse_denominator: scalarTensor(1 / this.denominator(rows, tokens)) };
    const results = await this.runStep(batches, shared, schedule);
    const { passes, gradientNorm } = results;
    return {
      ...summarise({ passes, batches, tokens, objective: this.options.objective }),
      grad_norm: gradientNorm,
    };
  }

  /** Tokens for language modelling, pairs for preferences: of the whole step, so that splitting it changes nothing. */
  private denominator(rows: readonly (SequenceRow | PairRow)[], tokens: number): number {
    const count = this.options.objective.name === 'sigmoid' ? rows.length : tokens;
    if (count === 0) throw new BudgetlineError('DATA_INVALID', 'A step has no supervised token.');
    return count;
  }

  private scheduleFeeds(at: { step: number; learningRate: number }): Feeds {
    const scalars = Object.entries(scheduleScalars(this.options.optimizer, at));
    return Object.fromEntries(scalars.map(([name, value]) => [name, scalarTensor(value)]));
  }

  private packBatches(rows: readonly (SequenceRow | PairRow)[]): readonly Batch[] {
    return chunk(rows, this.options.microBatchRows).map((part) =>
      this.options.objective.name === 'sigmoid' ? this.packPairs(part) : this.packRows(part),
    );
  }

  private packRows(rows: readonly (SequenceRow | PairRow)[]): Batch {
    const sequences = rows.map((row) => {
      if (isPair(row))
        throw new BudgetlineError('CONFIG_INVALID', 'Language modelling takes sequences, not pairs.');
      return row;
    });
    const shape = {
      rows: this.options.microBatchRows,
      length: chooseLength(sequences, this.options.lengthBuckets),
    };
    return { shape, feeds: packSequences(sequences, shape), pairs: [] };
  }

  private packPairs(rows: readonly (SequenceRow | PairRow)[]): Batch {
    const capacity = this.options.microBatchRows;
    const pairs = rows.map((row) => {
      if (!isPair(row))
        throw new BudgetlineError('CONFIG_INVALID', 'Preference training takes pairs of sequences.');
      return row;
    });
    const shape = { rows: capacity, length: choosePairLength(pairs, this.options.lengthBuckets) };
    const reference = new Float32Array(2 * capacity);
    for (const [index, pair] of pairs.entries()) {
      reference[index] = pair.referenceChosen;
      reference[capacity + index] = pair.referenceRejected;
    }
    const weights = new Float32Array(capacity).fill(1, 0, pairs.length);
    const preference = { reference: vectorTensor(reference), pair_weights: vectorTensor(weights) };
    return { shape, pairs, feeds: { ...packPairs(pairs, shape), ...preference } };
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
      const logprobs = await this.runLogprobs(shape, packPairs(part, shape));
      chosen.set(logprobs.subarray(0, part.length), index * capacity);
      rejected.set(logprobs.subarray(capacity, capacity + part.length), index * capacity);
    }
    return { chosen, rejected };
  }

  private async runLogprobs(shape: BatchShape, feeds: Feeds): Promise<Float32Array> {
    const session = await this.sessions.get('logprobs', shape, () => buildLogProbabilities(this.plan, shape));
    return floats(
      await session.run({ ...feeds, ...blockFeeds('parameters', this.state.parameters) }),
      'logprobs',
    );
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

function tokensOf(row: SequenceRow | PairRow): number {
  return isPair(row) ? supervisedTokens(row.chosen) + supervisedTokens(row.rejected) : supervisedTokens(row);
}

/** Opens an engine with the given weights; a new adapter starts from seed 0 unless a state is imported. */
export async function createTrainEngine(options: EngineOptions): Promise<TrainEngine> {
  return Promise.resolve(new OnnxTrainEngine(options));
}
