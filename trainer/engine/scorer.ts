import { sequenceLogProbabilities } from '../model/objectives';
import { streamInputs } from '../model/stream';
import { chunk } from './batches';
import { floats } from './figures';
import { lower, placeGraphs, sessionOptions } from './placement';
import { SessionShelf } from './sessions';
import { packStream, planStream, shapeOf } from './streams';
import { createSource } from './train-graphs';
import type { Scorer, ScorerOptions, SequenceRow } from './types';

/** Scores completions under fixed weights, with the forward pass of training. */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const { config, weights, microBatchSize } = options;
  const placement = placeGraphs(options.profile);
  const sessions = new SessionShelf(sessionOptions(placement, options.threads));
  const source = createSource({ config, weights, lora: null }, new Map());
  const score = async (rows: readonly SequenceRow[]): Promise<Float32Array> => {
    const shape = shapeOf(rows, options);
    const session = await sessions.get('logprobs', shape, () =>
      lower(placement, {
        logprobs: sequenceLogProbabilities({
          ...{ shape, stream: streamInputs(shape), config, source },
          logitTokens: placement.profile.logitTokens,
        }),
      }),
    );
    const results = await session.run(packStream(planStream(rows, shape), shape));
    return floats(results, 'logprobs').subarray(0, rows.length);
  };
  return Promise.resolve({
    async logprobs(rows) {
      const scores = new Float64Array(rows.length);
      for (const [index, part] of chunk(rows, microBatchSize).entries())
        scores.set(await score(part), index * microBatchSize);
      return scores;
    },
    release: () => sessions.release(),
  });
}
