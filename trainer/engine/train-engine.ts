import { scheduleScalars } from '../model/adamw';
import { initLora } from '../model/initialise';
import { chunk, isUnpaired } from './batches';
import { blockName, packBlocks, unpackBlocks, zerosLike, type BlockKind, type Buffers } from './blocks';
import { tokenWords, type DropoutKey } from './dropout';
import { denominators, objectiveFeeds, scalarTensor, vectorTensor } from './feeds';
import { packedFeeds, planPacking, shapeOf, tokenOffsets } from './packing';
import { sessionOptions } from './placement';
import { readScan, scanFeeds } from './scan';
import { SessionCache } from './session-cache';
import { computeMetrics, floats, scalarOf, type Batch, type Feeds, type Results } from './step-metrics';
import {
  buildAccumulation,
  buildOptimizer,
  buildScan,
  buildScoring,
  buildStep,
  planTraining,
  scanCarry,
  usesDropout,
  type TrainPlan,
} from './train-graphs';
import type { PackedShape } from '../model/packed-decoder';
import type { EngineOptions, StepMetrics, StepRequest, TrainEngine, TrainState } from './types';
import type { Objective, PairRow, SequenceRow, TrainRow } from '../rows';
import type { Weights } from '../tensor';

interface State {
  parameters: Buffers;
  first: Buffers;
  second: Buffers;
}

/** The micro-batches of an optimizer step and the other feeds of its graphs. */
interface PreparedStep {
  readonly batches: readonly Batch[];
  readonly shared: Feeds;
  readonly schedule: Feeds;
  /** Of a loss with a baseline, such as KTO's z; otherwise 0. */
  readonly baseline: number;
}

/** The results of a step, one for each micro-batch. */
interface StepResult {
  readonly passes: readonly Results[];
  readonly gradientNorm: number;
}

/** The feeds of each of a step's micro-batches in a scan. */
const microBatchFeeds = ({ batches, shared, schedule }: PreparedStep): Feeds[] =>
  batches.map(({ feeds }, index) => {
    const accumulation_boundary = scalarTensor(index + 1 === batches.length ? 1 : 0);
    return { ...feeds, ...shared, ...schedule, accumulation_boundary };
  });

function blockFeeds(kind: BlockKind, buffers: Buffers): Feeds {
  return Object.fromEntries(buffers.map((buffer, index) => [blockName(kind, index), vectorTensor(buffer)]));
}

function takeBlocks(results: Results, kind: BlockKind, before: Buffers): Buffers {
  return before.map((_, index) => floats(results, `next_${blockName(kind, index)}`));
}

const hasBaseline = (objective: Objective): boolean => objective.rows === 'unpaired' && objective.baseline;

/** Weights up to this size take less memory a second time than it takes time to open a session again. */
const smallBytes = 16 * 2 ** 20;

/** Name of the sessions that score under the current weights. */
const scoring = 'logprobs';

class OnnxTrainEngine implements TrainEngine {
  private readonly plan: TrainPlan;
  private readonly sessions: SessionCache;
  private state: State;

  constructor(private readonly options: EngineOptions) {
    this.plan = planTraining(options);
    this.sessions = new SessionCache(sessionOptions(this.plan.profile, options.threads));
    const parameters = packBlocks(this.plan.blocks, this.initialTensors());
    this.state = { parameters, first: zerosLike(parameters), second: zerosLike(parameters) };
  }

  private initialTensors(): Weights {
    const { lora, config, weights } = this.options;
    return lora === null ? weights : initLora(config, lora, 0);
  }

  /** 1 for a loss with a baseline, which is measured under the weights of each step. */
  get stepsPerCall(): number {
    return hasBaseline(this.options.objective) ? 1 : (this.plan.profile.stepsPerCall ?? 1);
  }

  async step(rows: readonly TrainRow[], at: { step: number; learningRate: number }): Promise<StepMetrics> {
    const [metrics] = await this.steps([{ rows, ...at }]);
    return metrics ?? {};
  }

  async steps(requests: readonly StepRequest[]): Promise<readonly StepMetrics[]> {
    const metrics: StepMetrics[] = [];
    for (const part of chunk(requests, this.stepsPerCall)) metrics.push(...(await this.call(part)));
    return metrics;
  }

  private async call(requests: readonly StepRequest[]): Promise<readonly StepMetrics[]> {
    const scanned = this.plan.profile.stepsPerCall !== undefined;
    const all = requests.flatMap(({ rows }) => rows);
    const steps: PreparedStep[] = [];
    for (const request of requests)
      steps.push(await this.prepare(request, scanned ? this.shapeOfCall(all) : null));
    const results: StepResult[] = scanned ? await this.runScan(steps) : [];
    if (!scanned) for (const step of steps) results.push(await this.runStep(step));
    const { objective } = this.options;
    return steps.map((step, index) => {
      const { passes, gradientNorm } = results[index]!;
      return { ...computeMetrics({ ...step, passes, objective }), grad_norm: gradientNorm };
    });
  }

  private shapeOfCall(rows: readonly TrainRow[]): PackedShape {
    const own = shapeOf(rows, this.options);
    return { ...own, prompts: this.options.prompts ?? own.prompts };
  }

  /** `shape` is that of all micro-batches of a call. null: each micro-batch has its own shape. */
  private async prepare({ rows, ...at }: StepRequest, shape: PackedShape | null): Promise<PreparedStep> {
    const { objective, microBatchSize } = this.options;
    const batches = chunk(rows, microBatchSize).map((part, index) =>
      this.packBatch(part, { step: at.step, firstRow: index * microBatchSize }, shape),
    );
    const shared = denominators(objective, rows);
    const measured = hasBaseline(objective);
    const baseline = measured ? await this.measureBaseline(rows) : 0;
    if (measured) shared['baseline'] = scalarTensor(baseline);
    return { batches, shared, baseline, schedule: this.scheduleFeeds(at) };
  }

  private packBatch(
    rows: readonly TrainRow[],
    place: Pick<DropoutKey, 'step' | 'firstRow'>,
    callShape: PackedShape | null,
  ): Batch {
    const { objective, microBatchSize, seed = 0 } = this.options;
    const own = objectiveFeeds(objective, rows, microBatchSize);
    const shape = callShape ?? shapeOf(rows, this.options);
    const packing = planPacking(rows, shape);
    const feeds: Feeds = { ...packedFeeds(packing, shape), ...own };
    if (usesDropout(this.plan)) feeds['token_words'] = tokenWords({ seed, ...place }, tokenOffsets(packing));
    return { shape, rows, feeds };
  }

  /** The mean log-ratio of policy and reference on mismatched answers of the whole step, at least 0. */
  private async measureBaseline(rows: readonly TrainRow[]): Promise<number> {
    const unpaired = rows.filter(isUnpaired);
    const logprobs = await this.sequenceLogprobs(unpaired.map(({ mismatched }) => mismatched));
    const logRatios = unpaired.map(({ referenceMismatched }, i) => (logprobs[i] ?? 0) - referenceMismatched);
    return Math.max(0, logRatios.reduce((sum, ratio) => sum + ratio, 0) / unpaired.length);
  }

  private scheduleFeeds(at: { step: number; learningRate: number }): Feeds {
    const scalars = Object.entries(scheduleScalars(this.options.optimizer, at));
    return Object.fromEntries(scalars.map(([name, value]) => [name, scalarTensor(value)]));
  }

  private async runStep({ batches, shared, schedule }: PreparedStep): Promise<StepResult> {
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

  private async runFused(batch: Batch, shared: Feeds): Promise<StepResult> {
    const session = await this.sessions.get('step', batch.shape, () => buildStep(this.plan, batch.shape));
    const results = await session.run({ ...batch.feeds, ...shared, ...this.stateFeeds() });
    this.adopt(results);
    return { passes: [results], gradientNorm: scalarOf(results, 'gradient_norm') };
  }

  /** All micro-batches of all steps in one call. */
  private async runScan(steps: readonly PreparedStep[]): Promise<StepResult[]> {
    const batches = steps.flatMap((step) => step.batches);
    const shape = batches[0]!.shape;
    const session = await this.sessions.get('scan', shape, () => buildScan(this.plan, shape));
    const before = { ...this.stateFeeds(), ...blockFeeds('gradient', zerosLike(this.state.parameters)) };
    const feeds = scanFeeds(steps.flatMap(microBatchFeeds), before);
    const { final, iterations } = readScan(await session.run(feeds), scanCarry(this.plan), batches.length);
    this.adopt(final);
    let at = 0;
    return steps.map((step) => {
      const passes = iterations.slice(at, (at += step.batches.length));
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

  /** Scores of the first sequence of all rows, then of the second one. */
  private async score(rows: readonly TrainRow[], sequences: number): Promise<readonly Float64Array[]> {
    const scores = Array.from({ length: sequences }, () => new Float64Array(rows.length));
    const { microBatchSize: capacity } = this.options;
    const parameters = blockFeeds('parameters', this.state.parameters);
    for (const [index, part] of chunk(rows, capacity).entries()) {
      const shape = shapeOf(part, this.options);
      const session = await this.sessions.get(scoring, shape, () => buildScoring(this.plan, shape));
      const feeds = packedFeeds(planPacking(part, shape), shape);
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

  async closeIfLarge(): Promise<void> {
    const bytes = [...this.options.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes > smallBytes) await this.sessions.release();
  }

  release(): Promise<void> {
    return this.sessions.release();
  }
}

/** Opens an engine with the given weights. Without an imported state, an adapter is initialized from seed 0. */
export function createTrainEngine(options: EngineOptions): TrainEngine {
  return new OnnxTrainEngine(options);
}
