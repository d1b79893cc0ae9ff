import { scheduleScalars } from '../model/adamw';
import { initLora } from '../model/initialise';
import { chunk, isUnpaired } from './batches';
import { packBlocks, unpackBlocks } from './blocks';
import { tokenWords } from './dropout';
import { floats, scalarOf, summarise, type Batch, type Feeds, type Results } from './figures';
import { denominators, objectiveFeeds, scalarTensor, vectorTensor } from './packing';
import { sessionOptions } from './placement';
import { SessionShelf } from './sessions';
import { packStream, placesOf, planStream, shapeOf } from './streams';
import {
  blockName,
  buildAccumulation,
  buildOptimizer,
  buildScoring,
  buildStep,
  buildTurns,
  carriedBlocks,
  drops,
  planTraining,
  type TrainPlan,
} from './train-graphs';
import { readTurns, stackTurns } from './turns';
import type { StreamShape } from '../model/stream';
import type {
  EngineOptions,
  PairRow,
  SequenceRow,
  StepFigures,
  StepRequest,
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

/** An optimiser step's micro-batches, and what its graphs are told besides. */
interface PreparedStep {
  readonly batches: readonly Batch[];
  readonly shared: Feeds;
  readonly schedule: Feeds;
  /** KTO's z. */
  readonly baseline: number;
}

/** What a step left behind, one result a micro-batch. */
interface Ran {
  readonly passes: readonly Results[];
  readonly gradientNorm: number;
}

/** The inputs of each of a step's micro-batches. */
const turnsOf = ({ batches, shared, schedule }: PreparedStep): Feeds[] =>
  batches.map(({ feeds }, index) => {
    const ends = scalarTensor(index + 1 === batches.length ? 1 : 0);
    return { ...feeds, ...shared, ...schedule, ends };
  });

function blockFeeds(kind: BlockKind, buffers: Buffers): Feeds {
  return Object.fromEntries(buffers.map((buffer, index) => [blockName(kind, index), vectorTensor(buffer)]));
}

function takeBlocks(results: Results, kind: BlockKind, before: Buffers): Buffers {
  return before.map((_, index) => floats(results, `next_${blockName(kind, index)}`));
}

function zerosLike(buffers: Buffers): Buffers {
  return buffers.map(({ length }) => new Float32Array(length));
}

/** What its sessions are called that score under the weights as they are. */
const scoring = 'logprobs';

class OnnxTrainEngine implements TrainEngine {
  private readonly plan: TrainPlan;
  private readonly sessions: SessionShelf;
  private state: State;

  constructor(private readonly options: EngineOptions) {
    this.plan = planTraining(options);
    this.sessions = new SessionShelf(sessionOptions(this.plan, options.threads));
    const parameters = packBlocks(this.plan.blocks, this.initialTensors());
    this.state = { parameters, first: zerosLike(parameters), second: zerosLike(parameters) };
  }

  private initialTensors(): Weights {
    const { lora, config, weights } = this.options;
    return lora === null ? weights : initLora(config, lora, 0);
  }

  /** KTO measures a baseline under the weights of each step, so it makes one at a time. */
  get stepsPerCall(): number {
    return this.options.objective.name === 'kto' ? 1 : (this.plan.profile.stepsPerCall ?? 1);
  }

  async step(rows: readonly TrainRow[], at: { step: number; learningRate: number }): Promise<StepFigures> {
    const [figures] = await this.steps([{ rows, ...at }]);
    return figures ?? {};
  }

  async steps(requests: readonly StepRequest[]): Promise<readonly StepFigures[]> {
    const done: StepFigures[] = [];
    for (const part of chunk(requests, this.stepsPerCall)) done.push(...(await this.call(part)));
    return done;
  }

  private async call(requests: readonly StepRequest[]): Promise<readonly StepFigures[]> {
    const inTurns = this.plan.profile.stepsPerCall !== undefined;
    const all = requests.flatMap(({ rows }) => rows);
    const steps: PreparedStep[] = [];
    for (const request of requests)
      steps.push(await this.prepare(request, inTurns ? this.shapeOfCall(all) : null));
    const ran: Ran[] = inTurns ? await this.runTurns(steps) : [];
    if (!inTurns) for (const step of steps) ran.push(await this.runStep(step));
    const { objective } = this.options;
    return steps.map((step, index) => {
      const { passes, gradientNorm } = ran[index]!;
      return { ...summarise({ ...step, passes, objective }), grad_norm: gradientNorm };
    });
  }

  private shapeOfCall(rows: readonly TrainRow[]): StreamShape {
    const own = shapeOf(rows, this.options);
    return { ...own, prompts: this.options.prompts ?? own.prompts };
  }

  /** Each micro-batch has a shape of its own, unless all of a call's have one. */
  private async prepare({ rows, ...at }: StepRequest, shape: StreamShape | null): Promise<PreparedStep> {
    const { objective, microBatchSize } = this.options;
    const batches = chunk(rows, microBatchSize).map((part, index) =>
      this.packBatch(part, { step: at.step, firstRow: index * microBatchSize }, shape),
    );
    const shared = denominators(objective, rows);
    const baseline = objective.name === 'kto' ? await this.measureBaseline(rows) : 0;
    if (objective.name === 'kto') shared['baseline'] = scalarTensor(baseline);
    return { batches, shared, baseline, schedule: this.scheduleFeeds(at) };
  }

  private packBatch(
    rows: readonly TrainRow[],
    place: { step: number; firstRow: number },
    given: StreamShape | null,
  ): Batch {
    const { objective, microBatchSize, seed = 0 } = this.options;
    const own = objectiveFeeds(objective, rows, microBatchSize);
    const shape = given ?? shapeOf(rows, this.options);
    const stream = planStream(rows, shape);
    const feeds: Feeds = { ...packStream(stream, shape), ...own };
    if (drops(this.plan)) feeds['token_words'] = tokenWords({ seed, ...place }, placesOf(stream));
    return { shape, rows, feeds };
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

  private async runStep({ batches, shared, schedule }: PreparedStep): Promise<Ran> {
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

  private async runFused(batch: Batch, shared: Feeds): Promise<Ran> {
    const session = await this.sessions.get('step', batch.shape, () => buildStep(this.plan, batch.shape));
    const results = await session.run({ ...batch.feeds, ...shared, ...this.stateFeeds() });
    this.adopt(results);
    return { passes: [results], gradientNorm: scalarOf(results, 'gradient_norm') };
  }

  /** All micro-batches of all steps in one call. */
  private async runTurns(steps: readonly PreparedStep[]): Promise<Ran[]> {
    const batches = steps.flatMap((step) => step.batches);
    const shape = batches[0]!.shape;
    const session = await this.sessions.get('turns', shape, () => buildTurns(this.plan, shape));
    const before = { ...this.stateFeeds(), ...blockFeeds('gradient', zerosLike(this.state.parameters)) };
    const feeds = stackTurns(steps.flatMap(turnsOf), before);
    const { last, turns } = readTurns(await session.run(feeds), carriedBlocks(this.plan), batches.length);
    this.adopt(last);
    let at = 0;
    return steps.map((step) => {
      const passes = turns.slice(at, (at += step.batches.length));
      return { passes, gradientNorm: scalarOf(passes.at(-1) ?? new Map(), 'gradient_norm') };
    });
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
    const [chosen = new Float64Array(), rejected = new Float64Array()] = await this.score(rows, 2);
    return { chosen, rejected };
  }

  async sequenceLogprobs(rows: readonly SequenceRow[]): Promise<Float64Array> {
    const [scores = new Float64Array()] = await this.score(rows, 1);
    return scores;
  }

  /** Scores of the rows' first sequences, then of their second ones. */
  private async score(rows: readonly TrainRow[], sequences: number): Promise<readonly Float64Array[]> {
    const scores = Array.from({ length: sequences }, () => new Float64Array(rows.length));
    const { microBatchSize: capacity } = this.options;
    const parameters = blockFeeds('parameters', this.state.parameters);
    for (const [index, part] of chunk(rows, capacity).entries()) {
      const shape = shapeOf(part, this.options);
      const session = await this.sessions.get(scoring, shape, () => buildScoring(this.plan, shape));
      const feeds = packStream(planStream(part, shape), shape);
      const logprobs = floats(await session.run({ ...feeds, ...parameters }), 'logprobs');
      for (const [side, values] of scores.entries())
        values.set(logprobs.subarray(side * capacity, side * capacity + part.length), index * capacity);
    }
    return scores;
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

  closeScoring(): Promise<void> {
    return this.sessions.release(scoring);
  }

  release(): Promise<void> {
    return this.sessions.release();
  }
}

/** Opens an engine with the given weights; a new adapter starts from seed 0 unless a state is imported. */
export async function createTrainEngine(options: EngineOptions): Promise<TrainEngine> {
  return Promise.resolve(new OnnxTrainEngine(options));
}
