import assert from 'node:assert/strict';
import type { Decoding } from '../../../../schemas/trainer-job';
import { ops } from '../../../../trainer/graph';
import { sample } from '../../../../trainer/model/sampling';
import { noise } from '../../../support/trainer/oracle-model';
import { runGraph, tensor } from '../../../support/trainer/run-graph';

type Sampling = Extract<Decoding, { mode: 'sample' }>;

const vocabulary = 97;

/** Rows of logits: ordinary, with a large offset, near ties, ties, one far above the others, all equal. */
const rows: readonly Float32Array[] = [
  noise(vocabulary, 1, 4),
  noise(vocabulary, 2, 30, -500),
  noise(vocabulary, 3, 1e-3, 12),
  Float32Array.from({ length: vocabulary }, (_, at) => (at === 40 || at === 41 ? 2 : -2)),
  Float32Array.from({ length: vocabulary }, (_, at) => (at === 96 ? 300 : -300 + at)),
  new Float32Array(vocabulary).fill(7),
];
const uniforms = [0, 2 ** -24, 0.1, 0.37, 0.5, 0.73, 0.9, 0.999, 1 - 2 ** -24];

/** Probabilities of all tokens in double precision, 0 for filtered ones. */
function probabilitiesOf(
  logits: Float32Array,
  { temperature, topK = vocabulary, topP = 1 }: Sampling,
): number[] {
  const most = Math.max(...logits);
  const weights = Array.from(logits, (z) => (z === most ? 1 : Math.exp((z - most) / temperature)));
  const order = [...weights.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, topK);
  const mass = order.reduce((sum, token) => sum + weights[token]!, 0);
  const kept = new Set<number>();
  let before = 0;
  for (const token of order) {
    if (kept.size === 0 || topP === 1 || before < topP) kept.add(token);
    before += weights[token]! / mass;
  }
  const total = [...kept].reduce((sum, token) => sum + weights[token]!, 0);
  return weights.map((weight, token) => (kept.has(token) ? weight / total : 0));
}

/** Tokens in the order of the cumulative sum. */
function orderOf(logits: Float32Array, { topK, topP }: Sampling): number[] {
  const ids = [...logits.keys()];
  if (topK === undefined && topP === undefined) return ids;
  return ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
}

/** The token of each row for each uniform. */
async function sampleAll(decoding: Sampling): Promise<number[][]> {
  const count = rows.length * uniforms.length;
  const logits = Float32Array.from(rows.flatMap((row) => uniforms.flatMap(() => [...row])));
  const repeated = Float32Array.from(rows.flatMap(() => uniforms));
  const token = sample(
    ops.input('logits', 'f32', [count, vocabulary]),
    ops.input('uniforms', 'f32', [count, 1]),
    decoding,
  );
  const results = await runGraph(
    { token: ops.cast(token, 'f32') },
    { logits: tensor([count, vocabulary], logits), uniforms: tensor([count, 1], repeated) },
  );
  const tokens = [...results.get('token')!];
  return rows.map((_, row) => tokens.slice(row * uniforms.length, (row + 1) * uniforms.length));
}

const temperatures = [5e-324, 1e-45, 1e-38, 1e-20, 1e-6, 0.01, 0.7, 1, 3, 1e3, 1e20, 1e38, 1e300];
const filters: readonly Pick<Sampling, 'topK' | 'topP'>[] = [
  {},
  { topK: 1 },
  { topK: 7 },
  { topK: 1000 },
  { topP: 1 },
  { topP: 0.6 },
  { topP: 5e-324 },
  { topP: 1e-45 },
  { topP: 1e-38 },
  { topP: 1 - 1e-12 },
  { topK: 5, topP: 0.5 },
  { topK: 1000, topP: 1e-300 },
];

describe('sampling, against a softmax in double precision', function () {
  this.timeout(60_000);
  /** f32 sums of 97 numbers may round a token in or out at the edge of topP. */
  const tolerance = 2e-5;

  for (const temperature of temperatures)
    it(`temperature ${temperature} with every filter`, async () => {
      for (const filter of filters) {
        const decoding = { mode: 'sample', temperature, ...filter } as const;
        const tokens = await sampleAll(decoding);
        for (const [row, logits] of rows.entries()) {
          const p = probabilitiesOf(logits, decoding);
          const order = orderOf(logits, decoding);
          for (const [at, u] of uniforms.entries()) {
            const token = tokens[row]![at]!;
            const place = `${JSON.stringify(filter)} row ${row} uniform ${u}: token ${token}`;
            const below = order.slice(0, order.indexOf(token)).reduce((sum, each) => sum + p[each]!, 0);
            assert.ok(token >= 0 && token < vocabulary, place);
            assert.ok(below - tolerance <= u && u <= below + p[token]! + tolerance, `${place}, ${below}`);
          }
        }
      }
    });

  it('never samples a token of probability 0', async () => {
    for (const temperature of [5e-324, 1e-38, 1e-6])
      for (const filter of filters) {
        const decoding = { mode: 'sample', temperature, ...filter } as const;
        const tokens = await sampleAll(decoding);
        for (const [row, logits] of rows.entries()) {
          const p = probabilitiesOf(logits, decoding);
          for (const token of tokens[row]!) assert.ok(p[token]! > 0, `${temperature} row ${row}: ${token}`);
        }
      }
  });

  it('top-p of 0.5 keeps half of equally likely tokens', async () => {
    const tokens = await sampleAll({ mode: 'sample', temperature: 1e30, topP: 0.5 });
    assert.ok(Math.max(...tokens.at(-1)!) <= Math.ceil(vocabulary / 2));
    const all = await sampleAll({ mode: 'sample', temperature: 1e30, topP: 1 });
    assert.equal(Math.max(...all.at(-1)!), vocabulary - 1);
  });
});
