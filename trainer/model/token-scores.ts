import { maxUnchunkedVocabulary } from '../../core/vocabulary';
import { logitGradients, mapChunks, ops, type Chunks, type Value } from '../graph';
import type { DecoderContext, ModelConfig, WeightSource } from '../families/define';
import type { DecoderOps } from '../families/decoder-ops';
import { createContext, headOf } from './decoder';
import { countScored, decodePacked, type PackedInputs, type PackedShape } from './packed-decoder';

const { cast, exp, input, lessOrEqual, matmul, mul, neg, reduceMax, reduceSum, reshape } = ops;

/** The specification of a forward pass. */
export interface ForwardSpec {
  readonly shape: PackedShape;
  readonly packed: PackedInputs;
  readonly config: ModelConfig;
  readonly source: WeightSource;
  readonly decoderOps?: DecoderOps;
  /** Receives the residual stream [N, D] before the first layer and after each layer. */
  readonly onResidual?: (x: Value) => void;
  /** Scored tokens whose logits are computed at once. Default: by the size of the vocabulary. */
  readonly logitTokens?: number;
}

/** Scores of each scored token's target: [S] each. */
export interface TokenScores {
  /** Log-probability of the target. */
  readonly logprob: Value;
  /** 1 if the target is the most likely token, else 0. */
  readonly correct: Value;
  /** −Σ p log p over the vocabulary. */
  readonly entropy: Value;
}

/** The gradient needs p too, so entropy costs one product and a sum. */
function tokenScores(logprob: Value, all: Value): TokenScores {
  const column = reshape(logprob, [...logprob.shape, 1]);
  return {
    logprob,
    correct: reshape(cast(lessOrEqual(reduceMax(all, 1), column), 'f32'), logprob.shape),
    entropy: neg(reduceSum(mul(exp(all), all), [1])),
  };
}

/** Maximum number of logits in a chunk: 0.5 GiB, as four arrays of this size are alive at once. */
const chunkLogits = 1 << 25;

/** Tokens whose logits are computed at once: all, or for a large vocabulary the tokens that fit into a chunk. */
const defaultLogitTokens = ({ vocabSize }: ModelConfig): number =>
  vocabSize > maxUnchunkedVocabulary ? Math.floor(chunkLogits / vocabSize) : Infinity;

interface Scoring {
  readonly context: DecoderContext;
  /** Inputs of the head [S, D], its weights [V, D], and the targets i64 [S]. */
  readonly x: Value;
  readonly head: Value;
  readonly targets: Value;
  /** null: all tokens at once. */
  readonly chunks: Chunks | null;
}

/** Runs the model up to its head. Graph input: targets (i32 [S]). */
function forwardToHead(spec: ForwardSpec): Scoring {
  const { shape, packed, config, source, decoderOps, onResidual, logitTokens } = spec;
  const context = createContext(config, source, decoderOps);
  const targets = cast(input('targets', 'i32', [packed.scored]), 'i64');
  const x = decodePacked(context, packed, { ...shape, onResidual });
  const rows = logitTokens ?? defaultLogitTokens(config);
  const chunks = rows === Infinity ? null : { count: countScored(packed, shape), rows };
  return { context, x, head: headOf(context), targets, chunks };
}

/** The log-probability of each target and of the whole vocabulary, for some of the tokens. */
const scoreRows = ({ context, head }: Scoring, x: Value, targets: Value): readonly [Value, Value] =>
  context.decoderOps.logProbability(matmul(x, head, { transB: true }), targets);

function mapTokens(
  { x, targets }: Scoring,
  chunks: Chunks,
  { widths, body }: { widths: readonly number[][]; body: (x: Value, targets: Value) => readonly Value[] },
): readonly Value[] {
  return mapChunks([x, targets], chunks, { widths, body: ([part, ids]) => body(part!, ids!) });
}

/**
 * Scores without holding all logits [S, V]. A token's log-probability is a scalar, so its gradient by x is one row [D].
 * It is computed in the forward pass while the chunk's logits exist, at the cost that the backward pass saves.
 */
function scoreChunks(scoring: Scoring, chunks: Chunks): TokenScores {
  const { x, head, targets } = scoring;
  const [, width = 0] = head.shape;
  const [y, correct, entropy, dydx] = mapTokens(scoring, chunks, {
    widths: [[], [], [], [width]],
    body: (part, ids) => {
      const [logprob, all] = scoreRows(scoring, part, ids);
      const scores = tokenScores(logprob, all);
      return [logprob, scores.correct, scores.entropy, matmul(logitGradients(all, ids), head)];
    },
  });
  const from = { y: y!, x, dydx: dydx!, head, targets, count: chunks.count };
  return {
    logprob: ops.chunkedLogProbability(from, chunks.rows),
    correct: correct!,
    entropy: entropy!,
  };
}

/** Scores of all targets. Graph input: targets (i32 [S]). */
export function scoreTargets(spec: ForwardSpec): TokenScores {
  const scoring = forwardToHead(spec);
  return scoring.chunks === null
    ? tokenScores(...scoreRows(scoring, scoring.x, scoring.targets))
    : scoreChunks(scoring, scoring.chunks);
}

/** Only the log-probabilities, with the same bits and without a gradient. */
export function logProbabilitiesOf(spec: ForwardSpec): Value {
  const scoring = forwardToHead(spec);
  if (scoring.chunks === null) return scoreRows(scoring, scoring.x, scoring.targets)[0];
  const body = (part: Value, ids: Value): Value[] => [scoreRows(scoring, part, ids)[0]];
  return mapTokens(scoring, scoring.chunks, { widths: [[]], body })[0]!;
}
