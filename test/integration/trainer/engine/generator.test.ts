import assert from 'node:assert/strict';
import {
  createGenerator,
  type Generation,
  type GenerationRequest,
  type GeneratorOptions,
} from '../../../../trainer/engine';
import { createSource } from '../../../../trainer/engine/train-graphs';
import { ops } from '../../../../trainer/graph';
import { createContext } from '../../../../trainer/model/decoder';
import { decodeSequences } from '../../../support/trainer/dense-decoder';
import { noise, oracleConfigs, oracleWeights, type OracleKind } from '../../../support/trainer/oracle-model';
import { openGraph } from '../../../support/trainer/run-graph';

const vocabulary = oracleConfigs.tied.vocabSize;
/** An id outside of the vocabulary, so that no row stops. */
const never = vocabulary;
const maxNewTokens = 14;

function optionsOf(kind: OracleKind, more: Partial<GeneratorOptions> = {}): GeneratorOptions {
  return {
    config: oracleConfigs[kind],
    weights: oracleWeights(oracleConfigs[kind]),
    threads: 1,
    batchSize: 6,
    maxPromptTokens: 11,
    maxNewTokens,
    endOfSequence: never,
    decoding: { mode: 'greedy' },
    ...more,
  };
}

const sampled = { decoding: { mode: 'sample', temperature: 0.8 } } as const;

function requestOf(row: number): GenerationRequest {
  const length = [11, 1, 4, 7, 2, 9][row % 6]!;
  const prompt = Int32Array.from(noise(length, row, 1), (u) => Math.floor(((u + 1) / 2) * vocabulary));
  return { prompt, uniforms: noise(maxNewTokens, 100 + row, 0.5, 0.5) };
}

const requests = Array.from({ length: 6 }, (_, row) => requestOf(row));

async function generate(
  options: GeneratorOptions,
  batch: readonly GenerationRequest[],
): Promise<Generation[]> {
  const generator = await createGenerator(options);
  try {
    return await generator.generate(batch);
  } finally {
    await generator.release();
  }
}

/** Logits of a full forward pass over one sequence, for the token after each position. */
async function fullLogits(kind: OracleKind, ids: Int32Array): Promise<readonly Float32Array[]> {
  const config = oracleConfigs[kind];
  const source = createSource({ config, lora: null, weights: oracleWeights(config) }, new Map());
  const shape = { rows: 1, length: ids.length };
  const tokens = ops.cast(ops.input('ids', 'i32', [ids.length]), 'i64');
  const graph = await openGraph({ logits: decodeSequences(createContext(config, source), tokens, shape) });
  const logits = (await graph.run({ ids: { dims: [ids.length], data: ids } })).get('logits')!;
  await graph.release();
  return Array.from({ length: ids.length }, (_, i) => logits.subarray(i * vocabulary, (i + 1) * vocabulary));
}

/** The logits for each token of a generation, by full forward passes. */
async function logitsBefore(kind: OracleKind, { prompt }: GenerationRequest, { ids }: Generation) {
  return (await fullLogits(kind, Int32Array.of(...prompt, ...ids))).slice(prompt.length - 1, -1);
}

function probabilities(logits: Float32Array, temperature: number): number[] {
  const most = Math.max(...logits);
  const weights = Array.from(logits, (z) => Math.exp((z - most) / temperature));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}

for (const kind of ['tied', 'grouped'] as const) {
  describe(`generation by the ${kind} decoder against full forward passes`, () => {
    it('greedily chooses the best token for prompts of any length', async () => {
      const rows = await generate(optionsOf(kind), requests);
      for (const [row, generation] of rows.entries()) {
        assert.equal(generation.ids.length, maxNewTokens);
        assert.equal(generation.finish, 'length');
        const steps = await logitsBefore(kind, requests[row]!, generation);
        for (const [n, logits] of steps.entries())
          assert.ok(logits[generation.ids[n]!]! >= Math.max(...logits) - 1e-5, `row ${row}, token ${n}`);
      }
    });

    it('samples the token at which the cumulative probability exceeds the uniform', async () => {
      const rows = await generate(optionsOf(kind, sampled), requests);
      for (const [row, generation] of rows.entries()) {
        const steps = await logitsBefore(kind, requests[row]!, generation);
        for (const [n, logits] of steps.entries()) {
          const [p, token, u] = [probabilities(logits, 0.8), generation.ids[n]!, requests[row]!.uniforms[n]!];
          const below = p.slice(0, token).reduce((sum, x) => sum + x, 0);
          assert.ok(below - 2e-6 <= u && u <= below + p[token]! + 2e-6, `row ${row}, token ${n}`);
        }
      }
    });
  });
}

describe('a generated row', () => {
  for (const [name, more] of [
    ['greedy', {}],
    ['sampled', sampled],
  ] as const)
    it(`${name}: does not depend on other rows, its index, or empty rows`, async () => {
      const options = optionsOf('grouped', more);
      const together = await generate(options, requests);
      const reversed = await generate(options, [...requests].reverse());
      assert.deepEqual(reversed.reverse(), together);
      for (const [row, request] of requests.entries())
        assert.deepEqual(await generate(options, [request]), [together[row]]);
    });

  it('does not depend on samplesPerPrompt', async () => {
    for (const kind of ['tied', 'grouped'] as const) {
      const batch = requests.map((request, row) => ({
        ...request,
        prompt: requests[row < 3 ? 0 : 3]!.prompt,
      }));
      const separate = await generate(optionsOf(kind, sampled), batch);
      const together = await generate(optionsOf(kind, { ...sampled, samplesPerPrompt: 3 }), batch);
      assert.deepEqual(together, separate);
      const short = await generate(optionsOf(kind, { ...sampled, samplesPerPrompt: 3 }), batch.slice(0, 4));
      assert.deepEqual(short, separate.slice(0, 4));
    }
  });

  it('stops before the end-of-sequence token while others continue', async () => {
    const free = await generate(optionsOf('tied', sampled), requests);
    const endOfSequence = free[0]!.ids[3]!;
    const ended = await generate(optionsOf('tied', { ...sampled, endOfSequence }), requests);
    for (const [row, { ids }] of free.entries()) {
      const stop = ids.indexOf(endOfSequence);
      assert.equal(ended[row]!.finish, stop < 0 ? 'length' : 'stop');
      assert.deepEqual(ended[row]!.ids, stop < 0 ? ids : ids.subarray(0, stop));
    }
    assert.deepEqual(new Set(ended.map(({ finish }) => finish)), new Set(['stop', 'length']));
  });

  it('may have no token or one', async () => {
    const [free] = await generate(optionsOf('tied', { maxNewTokens: 1 }), requests);
    assert.equal(free!.ids.length, 1);
    const [ended] = await generate(optionsOf('tied', { endOfSequence: free!.ids[0]! }), requests.slice(0, 1));
    assert.deepEqual(ended, { ids: new Int32Array(0), finish: 'stop', nearTies: 0 });
  });

  it('counts near ties of the two best logits up to its end', async () => {
    const weights = oracleWeights(oracleConfigs.tied);
    weights.get('model.embed_tokens.weight')!.data.fill(0);
    const rows = await generate(optionsOf('tied', { weights }), requests);
    assert.ok(rows.every(({ nearTies }) => nearTies === maxNewTokens));
    const stopped = await generate(optionsOf('tied', { weights, endOfSequence: 0 }), requests);
    assert.ok(stopped.every(({ nearTies, finish }) => nearTies === 1 && finish === 'stop'));
    const clear = await generate(optionsOf('tied'), requests);
    assert.ok(clear.every(({ nearTies }) => nearTies === 0));
  });
});

interface Filter {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
}

describe('sampling', () => {
  /** The filtered and renormalized probabilities, by sorting all tokens. */
  function filterProbabilities(all: readonly number[], { topK = all.length, topP = 1 }: Filter): number[] {
    const order = [...all.keys()].sort((a, b) => all[b]! - all[a]! || a - b).slice(0, topK);
    const mass = order.reduce((sum, token) => sum + all[token]!, 0);
    const kept = new Set<number>();
    let before = 0;
    for (const token of order) {
      if (before < topP) kept.add(token);
      before += all[token]! / mass;
    }
    const total = [...kept].reduce((sum, token) => sum + all[token]!, 0);
    return all.map((p, token) => (kept.has(token) ? p / total : 0));
  }

  const filters: Readonly<Record<string, Filter>> = {
    'temperature 1': { temperature: 1 },
    'temperature 1.6': { temperature: 1.6 },
    'top-k 5': { temperature: 1, topK: 5 },
    'top-p 0.7': { temperature: 1.6, topP: 0.7 },
    'top-k 8, top-p 0.6': { temperature: 0.8, topK: 8, topP: 0.6 },
    'top-p 1e-6': { temperature: 1, topP: 1e-6 },
    'top-k above the vocabulary size': { temperature: 1, topK: 1000 },
  };
  for (const [name, filter] of Object.entries(filters))
    it(`${name}: evenly spaced uniforms sample each token in proportion to its probability`, async () => {
      const [count, batchSize] = [512, 64];
      const { prompt } = requestOf(3);
      const generator = await createGenerator(
        optionsOf('tied', { batchSize, maxNewTokens: 1, decoding: { mode: 'sample', ...filter } }),
      );
      const counts = new Float64Array(vocabulary);
      for (let first = 0; first < count; first += batchSize) {
        const batch = Array.from({ length: batchSize }, (_, i) => ({
          prompt,
          uniforms: Float32Array.of((first + i + 0.5) / count),
        }));
        for (const { ids } of await generator.generate(batch)) counts[ids[0]!]! += 1;
      }
      await generator.release();
      const logits = (await fullLogits('tied', prompt)).at(-1)!;
      const expected = filterProbabilities(probabilities(logits, filter.temperature), filter);
      for (const [token, p] of expected.entries())
        assert.ok(
          Math.abs(counts[token]! - p * count) <= (p === 0 ? 0 : 1 + 1e-3),
          `token ${token}: ${counts[token]!} of ${p * count}`,
        );
    });

  it('with filters does not depend on other rows, and stays among the kept tokens just below 1', async () => {
    const decoding = { mode: 'sample', temperature: 1.2, topK: 6, topP: 0.8 } as const;
    const together = await generate(optionsOf('grouped', { decoding }), requests);
    for (const row of [0, 3])
      assert.deepEqual(
        (await generate(optionsOf('grouped', { decoding }), [requests[row]!]))[0],
        together[row],
      );
    const last = { prompt: requests[0]!.prompt, uniforms: Float32Array.of(1 - 2 ** -24) };
    const [only] = await generate(
      optionsOf('tied', { maxNewTokens: 1, decoding: { ...decoding, topK: 1 } }),
      [last],
    );
    const [greedy] = await generate(optionsOf('tied', { maxNewTokens: 1 }), requests);
    assert.deepEqual(only!.ids, greedy!.ids);
  });

  it('takes the first token at 0 and the last one just below 1', async () => {
    const request = (u: number) => ({ prompt: requests[0]!.prompt, uniforms: Float32Array.of(u) });
    const options = optionsOf('tied', { maxNewTokens: 1, ...sampled });
    const [low, high] = await generate(options, [request(0), request(1 - 2 ** -24)]);
    assert.equal(low!.ids[0], 0);
    assert.equal(high!.ids[0], vocabulary - 1);
  });
});

describe('invalid requests', () => {
  const cases: readonly [string, Partial<GeneratorOptions>, readonly GenerationRequest[], string][] = [
    ['an empty prompt', {}, [{ prompt: new Int32Array(), uniforms: new Float32Array() }], 'DATA_INVALID'],
    ['a prompt that is too long', { maxPromptTokens: 10 }, requests, 'CONFIG_INVALID'],
    ['more requests than rows', { batchSize: 5 }, requests, 'CONFIG_INVALID'],
    ['several prompts in a group', { samplesPerPrompt: 3 }, requests, 'CONFIG_INVALID'],
    ['groups that do not fill a batch', { samplesPerPrompt: 4 }, requests, 'CONFIG_INVALID'],
    ['too few uniforms', sampled, [{ ...requests[0]!, uniforms: new Float32Array(3) }], 'CONFIG_INVALID'],
  ];
  for (const [name, more, batch, code] of cases)
    it(`${name}: ${code}`, () => assert.rejects(generate(optionsOf('tied', more), batch), { code }));
});
