import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ModelConfig } from '../../../../../trainer/families/define';
import { openGguf } from '../../../../../trainer/io/gguf/file';
import {
  digestModelFolder,
  loadModel,
  readModelFiles,
  saveModelFolder,
} from '../../../../../trainer/io/model-folder';
import { parseModelConfig } from '../../../../../trainer/io/model-config';
import { openTokenizer } from '../../../../../trainer/io/tokenizer';
import { llama, type LlamaConfig } from '../../../../../trainer/families/llama';
import { ropeFrequencyFactors } from '../../../../../trainer/families/toolkit/rope';
import { temporaryFolder } from '../../../../support/temporary';
import { encodeGguf, u64, type RawTensor } from '../../../../support/trainer/gguf-writer';
import { ggufSettings, ggufTensors, rawTensor } from '../../../../support/trainer/gguf-model';
import { oracleConfigs, oracleWeights } from '../../../../support/trainer/oracle-model';

const oracles = resolve(__dirname, '..', '..', '..', '..', 'oracles');
const read = (path: string): unknown => JSON.parse(readFileSync(join(oracles, path), 'utf8'));

const tensorsOf = (architecture: string, config: ModelConfig) =>
  ggufTensors(architecture, { config, weights: oracleWeights(config) });

const cases = { tied: 'llama', grouped: 'qwen2' } as const;

describe('GGUF files', () => {
  const folder = temporaryFolder();
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(folder.at(name), bytes);
    return folder.at(name);
  };

  for (const [kind, architecture] of Object.entries(cases) as [keyof typeof cases, string][])
    it(`of ${architecture} load as the model that they were made from`, async () => {
      const config: ModelConfig = oracleConfigs[kind];
      const bytes = encodeGguf(ggufSettings(architecture, config), tensorsOf(architecture, config));
      const model = await loadModel(write(`${kind}.gguf`, bytes));
      assert.deepEqual(model.settings.config, config);
      assert.deepEqual(model.weights, oracleWeights(config));
    });

  it('derive Llama 3’s RoPE scaling from its divisors, and refuse others', async () => {
    const config = { ...oracleConfigs.tied, ropeTheta: 4e9 };
    const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 };
    const tensors = tensorsOf('llama', config);
    const load = (divisors: number[]) => {
      tensors.set(
        'rope_freqs.weight',
        rawTensor({ dims: [divisors.length], data: Float32Array.from(divisors) }),
      );
      return loadModel(write('rope.gguf', encodeGguf(ggufSettings('llama', config), tensors)));
    };
    const found = await load(ropeFrequencyFactors({ ...config, ropeScaling }));
    assert.deepEqual((found.settings.config as LlamaConfig).ropeScaling, ropeScaling);
    await assert.rejects(load([2, 2]), /rope_freqs\.weight/);
  });

  const stored = read('gguf-blocks.json') as Record<
    string,
    { type: number; bytes: string; elements: number[] }
  >;
  for (const [name, { type, bytes, elements }] of Object.entries(stored))
    it(`${name}: elements equal the reference, bit for bit`, async () => {
      const raw = { shape: [32, 3], type, bytes: Buffer.from(bytes, 'base64') };
      const file = await openGguf(write('blocks.gguf', encodeGguf({}, new Map([['x', raw]]))));
      assert.deepEqual(file.read('x'), { dims: [3, 32], data: Float32Array.from(elements) });
    });

  for (const [kind, pre] of [
    ['smollm2', 'smollm'],
    ['qwen2', 'qwen2'],
  ] as const)
    it(`derive the tokenizer "${pre}" from their metadata`, async () => {
      const { model, added_tokens: added } = read(`tokenizers/${kind}/tokenizer.json`) as {
        model: { vocab: Record<string, number>; merges: [string, string][] };
        added_tokens: { id: number }[];
      };
      const tokens = Object.entries(model.vocab).sort((a, b) => a[1] - b[1]);
      const metadata = {
        ...ggufSettings('llama', oracleConfigs.tied),
        'llama.vocab_size': tokens.length,
        'tokenizer.ggml.model': 'gpt2',
        'tokenizer.ggml.pre': pre,
        'tokenizer.ggml.tokens': tokens.map(([token]) => token),
        'tokenizer.ggml.token_type': tokens.map(([, id]) => (added.some((token) => token.id === id) ? 3 : 1)),
        'tokenizer.ggml.merges': model.merges.map((pair) => pair.join(' ')),
        'tokenizer.ggml.eos_token_id': model.vocab['<|im_end|>']!,
        'tokenizer.chat_template': 'T',
      };
      const path = write('tokenizer.gguf', encodeGguf(metadata, new Map()));
      const settings = { config: { vocabSize: 2000 }, endOfSequence: [] };
      const [found, expected] = await Promise.all(
        [path, join(oracles, 'tokenizers', kind)].map((place) => openTokenizer(place, settings)),
      );
      const lines = read('tokenizers/lines.json') as string[];
      for (const line of lines.slice(0, 300)) assert.deepEqual(found!.encode(line), expected!.encode(line));
      assert.equal(found!.endOfSequence, expected!.endOfSequence);
      assert.equal(found!.chatTemplate?.render([], { opening: false }), 'T');
    });

  it('use a tokenizer.json in their folder, and include it in the digest', async () => {
    mkdirSync(folder.at('auxiliary'));
    const config = oracleConfigs.tied;
    const metadata = {
      ...ggufSettings('llama', config),
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.pre': 'x',
      'tokenizer.ggml.tokens': ['a'],
      'tokenizer.ggml.token_type': [1],
    };
    const path = join(folder.at('auxiliary'), 'model.gguf');
    writeFileSync(path, encodeGguf(metadata, tensorsOf('llama', config)));
    await assert.rejects(readModelFiles(path, llama), /put the model's tokenizer\.json/);
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      writeFileSync(
        join(folder.at('auxiliary'), name),
        readFileSync(join(oracles, 'tokenizers', 'llama2', name)),
      );
    assert.deepEqual(Object.keys(await digestModelFolder(path)), [
      'model.gguf',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    mkdirSync(folder.at('saved'));
    const { weights, settings } = await loadModel(path);
    saveModelFolder(folder.at('saved'), {
      source: await readModelFiles(path, llama),
      weights,
      family: llama,
    });
    const saved = await loadModel(folder.at('saved'));
    assert.deepEqual(saved.weights, weights);
    assert.deepEqual({ ...saved.settings, maxPositions: 64 }, settings);
  });

  const small: RawTensor = { shape: [4], type: 0, bytes: new Uint8Array(16) };
  const files = (tensors: Record<string, Partial<RawTensor>>): Buffer =>
    encodeGguf({}, new Map(Object.entries(tensors).map(([name, change]) => [name, { ...small, ...change }])));
  const claims = (tensors: bigint, values: bigint): Buffer =>
    Buffer.concat([Buffer.from('GGUF'), Buffer.of(3, 0, 0, 0), u64(tensors), u64(values), Buffer.alloc(64)]);
  const hostile: Record<string, Buffer> = {
    'a file that is none': Buffer.from('no such file at all'),
    'an empty file': Buffer.alloc(0),
    'a version of the future': Buffer.concat([Buffer.from('GGUF'), Buffer.of(9, 0, 0, 0), Buffer.alloc(64)]),
    'more tensors than any model has': claims(2n ** 62n, 0n),
    'more settings than any model has': claims(0n, 2n ** 62n),
    'a string longer than the file': Buffer.concat([claims(0n, 1n).subarray(0, 24), u64(2n ** 40n)]),
    'three dimensions': files({ a: { shape: [2, 2, 1] } }),
    'a product that overflows': files({ a: { shape: [2 ** 31, 2 ** 31] } }),
    'a type that is not read': files({ a: { type: 12 } }),
    'rows that are no whole blocks': files({ a: { shape: [33], type: 8 } }),
    'tensors that overlap': files({ a: {}, b: { offset: 0 } }),
    'a tensor after the end': files({ a: { offset: 1 << 20 } }),
    'a truncated file': files({ a: { shape: [64], bytes: new Uint8Array(256) } }).subarray(0, -64),
  };
  for (const [what, bytes] of Object.entries(hostile))
    it(`refuse ${what}`, async () => {
      await assert.rejects(openGguf(write('hostile.gguf', bytes)), { code: 'CONFIG_INVALID' });
    });

  it('refuse unsupported features by name', async () => {
    const load = (change: Record<string, string | number>) => {
      const metadata = { ...ggufSettings('llama', oracleConfigs.tied), ...change };
      return loadModel(write('feature.gguf', encodeGguf(metadata, tensorsOf('llama', oracleConfigs.tied))));
    };
    for (const architecture of ['gemma', 'constructor'])
      await assert.rejects(
        load({ 'general.architecture': architecture }),
        new RegExp(`"${architecture}"; llama and qwen2`),
      );
    const packed = { shape: [256], type: 12, bytes: new Uint8Array(144) };
    const q4k = write('packed.gguf', encodeGguf({}, new Map([['x', packed]])));
    await assert.rejects(openGguf(q4k), /the type Q4_K; F32, F16, /);
    await assert.rejects(load({ 'llama.rope.scaling.type': 'yarn' }), /yarn/);
    await assert.rejects(load({ 'llama.rope.dimension_count': 2 }), /2 of a head/);
    await assert.rejects(openGguf(folder.at('none.gguf')), { code: 'INPUT_MISSING' });
    assert.throws(() => parseModelConfig({}, 'x'), { code: 'CONFIG_INVALID' });
  });
});
