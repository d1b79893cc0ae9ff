import { lower } from '../graph';
import { sequenceLogProbabilities } from '../model/objectives';
import { streamInputs } from '../model/stream';
import { chunk } from './batches';
import { floats } from './figures';
import { SessionShelf } from './sessions';
import { packStream, planStream, shapeOf } from './streams';
import { createSource } from './train-graphs';
import type { EngineOptions, Scorer, SequenceRow } from './types';

type ScorerOptions = Pick<EngineOptions, 'config' | 'weights' | 'threads' | 'microBatchRows' | 'maxLength'>;

/** Scores completions under fixed weights, with the forward pass of training. */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const { config, weights, microBatchRows } = options;
  const sessions = new SessionShelf({ threads: options.threads });
  const source = createSource({ config, weights, lora: null }, new Map());
  const score = async (rows: readonly SequenceRow[]): Promise<Float32Array> => {
    const shape = shapeOf(rows, options);
    const session = await sessions.get('logprobs', shape, () =>
      lower({ logprobs: sequenceLogProbabilities({ shape, stream: streamInputs(shape), config, source }) }),
    );
    const results = await session.run(packStream(planStream(rows, shape), shape));
    return floats(results, 'logprobs').subarray(0, rows.length);
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
