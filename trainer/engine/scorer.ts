import { sequenceLogProbabilities } from '../model/objectives';
import { packedInputs } from '../model/packed-decoder';
import { chunk } from './batches';
import { floats } from './step-metrics';
import { cpuProfile, lower, sessionOptions } from './placement';
import { SessionCache } from './session-cache';
import { packedFeeds, planPacking, shapeOf } from './packing';
import { createSource } from './train-graphs';
import type { Scorer, ScorerOptions } from './types';
import type { SequenceRow } from '../rows';

/** Opens a scorer of completions under frozen weights. It uses the forward pass of training. */
export function createScorer(options: ScorerOptions): Scorer {
  const { config, weights, microBatchSize, profile = cpuProfile } = options;
  const sessions = new SessionCache(sessionOptions(profile, options.threads));
  const source = createSource({ config, weights, lora: null }, new Map());
  const score = async (rows: readonly SequenceRow[]): Promise<Float32Array> => {
    const shape = shapeOf(rows, options);
    const session = await sessions.get('logprobs', shape, () =>
      lower(profile, {
        logprobs: sequenceLogProbabilities({
          shape,
          packed: packedInputs(shape),
          config,
          source,
          logitTokens: profile.logitTokens,
        }),
      }),
    );
    const results = await session.run(packedFeeds(planPacking(rows, shape), shape));
    return floats(results, 'logprobs').subarray(0, rows.length);
  };
  return {
    async logprobs(rows) {
      const scores = new Float64Array(rows.length);
      for (const [index, part] of chunk(rows, microBatchSize).entries())
        scores.set(await score(part), index * microBatchSize);
      return scores;
    },
    release: () => sessions.release(),
  };
}
