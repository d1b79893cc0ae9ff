import { lower } from '../graph';
import { sequenceLogProbabilities } from '../model/objectives';
import { chooseLength, chunk, packSequences, type BatchShape } from './batches';
import { SessionShelf } from './sessions';
import { createSource } from './train-graphs';
import { BudgetlineError } from '../../contracts/failures';
import type { EngineOptions, Scorer, SequenceRow } from './types';

type ScorerOptions = Pick<
  EngineOptions,
  'config' | 'weights' | 'threads' | 'microBatchRows' | 'lengthBuckets'
>;

/** Scores completions under fixed weights, with the forward pass of training. */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const { config, weights, microBatchRows, lengthBuckets } = options;
  const sessions = new SessionShelf({ threads: options.threads });
  const source = createSource({ config, weights, lora: null }, new Map());
  const score = async (rows: readonly SequenceRow[]): Promise<Float32Array> => {
    const shape: BatchShape = { rows: microBatchRows, length: chooseLength(rows, lengthBuckets) };
    const session = await sessions.get('logprobs', shape, () =>
      lower({ logprobs: sequenceLogProbabilities({ ...shape, config, source }) }),
    );
    const logprobs = (await session.run(packSequences(rows, shape))).get('logprobs')?.data;
    if (logprobs instanceof Float32Array) return logprobs.subarray(0, rows.length);
    throw new BudgetlineError('CONFIG_INVALID', 'The graph has no log-probabilities.');
  };
  return Promise.resolve({
    async logprobs(rows) {
      const scores = new Float64Array(rows.length);
      for (const [index, part] of chunk(rows, microBatchRows).entries())
        scores.set(await score(part), index * microBatchRows);
      return scores;
    },
    release: () => sessions.release(),
  });
}
