import { BudgetlineError } from '../../contracts/failures';
import type { BufferTensor } from '../runtime';
import type { BatchShape } from './batches';
import type { Objective, PairRow } from './types';

export type Feeds = Record<string, BufferTensor>;
export type Results = ReadonlyMap<string, BufferTensor>;

/** A micro-batch, ready to run. */
export interface Batch {
  readonly shape: BatchShape;
  readonly feeds: Feeds;
  /** The pairs of a preference batch. */
  readonly pairs: readonly PairRow[];
}

/** What a step left behind, one result a micro-batch. */
export interface StepRecord {
  readonly batches: readonly Batch[];
  readonly passes: readonly Results[];
  readonly objective: Objective;
  readonly tokens: number;
}

/** An f32 output of a graph. */
export function floats(results: Results, name: string): Float32Array {
  const data = results.get(name)?.data;
  if (data instanceof Float32Array) return data;
  throw new BudgetlineError('CONFIG_INVALID', `The graph has no output ${name}.`);
}

/** A scalar output of a graph. */
export function scalarOf(results: Results, name: string): number {
  return floats(results, name)[0] ?? Number.NaN;
}

/** The figures of a step, under the names that TRL users know. */
export function summarise({ passes, batches, objective, tokens }: StepRecord): Record<string, number> {
  const loss = passes.reduce((total, results) => total + scalarOf(results, 'loss'), 0);
  if (objective.name === 'sigmoid')
    return { loss, tokens, ...summarisePairs(passes, batches, objective.beta) };
  const correct = passes.reduce((total, results) => total + scalarOf(results, 'correct'), 0);
  return { loss, tokens, token_accuracy: correct / tokens };
}

interface PairScores {
  readonly chosen: number;
  readonly rejected: number;
  readonly pair: PairRow;
}

/** Log-probabilities of each pair of a micro-batch: chosen ones stand first, rejected ones after `rows`. */
function readScores({ pairs, shape }: Batch, results: Results): PairScores[] {
  const logprobs = floats(results, 'logprobs');
  return pairs.map((pair, index) => ({
    pair,
    chosen: logprobs[index] ?? Number.NaN,
    rejected: logprobs[shape.rows + index] ?? Number.NaN,
  }));
}

/** Implicit rewards against the references as the graph read them, in f32. */
function figuresOf({ pair, chosen, rejected }: PairScores, beta: number): Record<string, number> {
  const rewardChosen = beta * (chosen - Math.fround(pair.referenceChosen));
  const rewardRejected = beta * (rejected - Math.fround(pair.referenceRejected));
  return {
    'rewards/chosen': rewardChosen,
    'rewards/rejected': rewardRejected,
    'rewards/accuracy': rewardChosen > rewardRejected ? 1 : 0,
    'rewards/margin': rewardChosen - rewardRejected,
    'logps/chosen': chosen,
    'logps/rejected': rejected,
  };
}

function summarisePairs(
  passes: readonly Results[],
  batches: readonly Batch[],
  beta: number,
): Record<string, number> {
  const scores = batches.flatMap((batch, index) => {
    const results = passes[index];
    return results === undefined ? [] : readScores(batch, results);
  });
  const totals: Record<string, number> = {};
  for (const score of scores)
    for (const [name, value] of Object.entries(figuresOf(score, beta)))
      totals[name] = (totals[name] ?? 0) + value;
  return Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / scores.length]));
}
