import { maxUnchunkedVocabulary } from '../../contracts/vocabulary';
import { logitSlopes, mapChunks, ops, type Chunks, type Value } from '../graph';
import type { ModelConfig } from '../engine/types';
import { createContext, headOf, type DecoderContext, type WeightSource } from './decoder';
import type { Pieces } from './pieces';
import { countScored, decodeStream, type StreamInputs, type StreamShape } from './stream';

const { cast, exp, input, lessOrEqual, matmul, mul, neg, reduceMax, reduceSum, reshape } = ops;

/** What a forward pass is built from. */
export interface ForwardSpec {
  readonly shape: StreamShape;
  readonly stream: StreamInputs;
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly pieces?: Pieces;
  /** Told of the residual stream [N, D] before, between and behind the layers. */
  readonly betweenLayers?: (x: Value) => void;
  /** Scored tokens whose logits are made at once; by the vocabulary's size unless given. */
  readonly logitTokens?: number | undefined;
}

/** What the model says of each scored token's target: [S] each. */
export interface TokenScores {
  /** Its log-probability. */
  readonly picked: Value;
  /** 1 where it is the likeliest token, else 0. */
  readonly best: Value;
  /** −Σ p log p over the vocabulary. */
  readonly entropy: Value;
}

/** The gradient needs p too, so entropy costs one product and a sum. */
function judge(picked: Value, all: Value): TokenScores {
  const column = reshape(picked, [...picked.shape, 1]);
  return {
    picked,
    best: reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), picked.shape),
    entropy: neg(reduceSum(mul(exp(all), all), [1])),
  };
}

/** Logits of a chunk: half a gibibyte for the four arrays of that size that stand at once. */
const chunkLogits = 1 << 25;

/** Tokens whose logits are made at once: all, or as many as a chunk has room for, where [S, V] would outgrow everything else. */
const tokensAtOnce = ({ vocabSize }: ModelConfig): number =>
  vocabSize > maxUnchunkedVocabulary ? Math.floor(chunkLogits / vocabSize) : Infinity;

interface Scoring {
  readonly context: DecoderContext;
  /** What the head reads [S, D], the head [V, D], and the target of each token i64 [S]. */
  readonly x: Value;
  readonly head: Value;
  readonly targets: Value;
  /** null: all tokens at once. */
  readonly chunks: Chunks | null;
}

/** Runs the model over a stream up to its head. Input targets (i32 [S]). */
function openScoring(spec: ForwardSpec): Scoring {
  const { shape, stream, config, source, pieces, betweenLayers, logitTokens } = spec;
  const context = createContext(config, source, pieces);
  const targets = cast(input('targets', 'i32', [stream.scored]), 'i64');
  const x = decodeStream(context, stream, { ...shape, betweenLayers });
  const rows = logitTokens ?? tokensAtOnce(config);
  const chunks = rows === Infinity ? null : { count: countScored(stream, shape), rows };
  return { context, x, head: headOf(context), targets, chunks };
}

/** Log-probability of each target and of the whole vocabulary, of all tokens or of a chunk. */
const scoreRows = ({ context, head }: Scoring, x: Value, targets: Value): readonly [Value, Value] =>
  context.pieces.score(matmul(x, head, { transB: true }), targets);

function overRows(
  { x, targets }: Scoring,
  chunks: Chunks,
  { widths, each }: { widths: readonly number[][]; each: (x: Value, targets: Value) => readonly Value[] },
): readonly Value[] {
  return mapChunks([x, targets], chunks, { widths, each: ([part, ids]) => each(part!, ids!) });
}

/**
 * Scores without [S, V]. A token's log-probability is one number, so how it changes with x is one row [D]: made in the
 * forward pass, while the chunk's logits are there, it costs what the backward pass would have cost.
 */
function scoreChunks(scoring: Scoring, chunks: Chunks): TokenScores {
  const { x, head, targets } = scoring;
  const [, width = 0] = head.shape;
  const [y, best, entropy, slopes] = overRows(scoring, chunks, {
    widths: [[], [], [], [width]],
    each: (part, ids) => {
      const [picked, all] = scoreRows(scoring, part, ids);
      const judged = judge(picked, all);
      return [picked, judged.best, judged.entropy, matmul(logitSlopes(all, ids), head)];
    },
  });
  const from = { y: y!, x, slopes: slopes!, head, targets, count: chunks.count };
  return { picked: ops.chunkedLogProbability(from, chunks.rows), best: best!, entropy: entropy! };
}

/** Scores of a stream's targets. Input targets (i32 [S]). */
export function scoreTargets(spec: ForwardSpec): TokenScores {
  const scoring = openScoring(spec);
  return scoring.chunks === null
    ? judge(...scoreRows(scoring, scoring.x, scoring.targets))
    : scoreChunks(scoring, scoring.chunks);
}

/** The log-probabilities among them alone, to the same bits and without a gradient. */
export function logProbabilitiesOf(spec: ForwardSpec): Value {
  const scoring = openScoring(spec);
  if (scoring.chunks === null) return scoreRows(scoring, scoring.x, scoring.targets)[0];
  const each = (part: Value, ids: Value): Value[] => [scoreRows(scoring, part, ids)[0]];
  return overRows(scoring, scoring.chunks, { widths: [[]], each })[0]!;
}
