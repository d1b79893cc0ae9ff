import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '../../../../trainer/tensor';
import { llama, type LlamaConfig } from '../../../../trainer/families/llama';
import { qwen2 } from '../../../../trainer/families/qwen2';
import { loadAdapter, saveAdapter } from '../../../../trainer/io/adapter';
import { parseModelConfig, readModelConfig } from '../../../../trainer/io/model-config';
import { digestModelFolder, loadModelFolder, saveModelFolder } from '../../../../trainer/io/model-folder';
import { encodeSafetensors } from '../../../../trainer/io/safetensors';
import { temporaryFolder } from '../../../support/temporary';
import { architecture, copyModel, makeModel } from '../../../support/trainer/tiny-model';

const llamaFile = JSON.parse(readFileSync(join(architecture, 'config.json'), 'utf8')) as Record<
  string,
  unknown
>;
const qwen = {
  ...llamaFile,
  model_type: 'qwen2',
  use_sliding_window: false,
  sliding_window: 4096,
  attention_bias: undefined,
};

const llamaConfig = (file: object): LlamaConfig => parseModelConfig(file, 'x').config as LlamaConfig;

/** From the published config.json of Llama 3.1. */
const llama3Positions = {
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
  rope_type: 'llama3',
};

describe('config.json', () => {
  it('reads Llama and Qwen 2', () => {
    assert.deepEqual(parseModelConfig(llamaFile, 'x').config, {
      vocabSize: 131,
      hiddenSize: 128,
      intermediateSize: 352,
      layers: 4,
      heads: 4,
      keyValueHeads: 4,
      headSize: 32,
      rmsNormEpsilon: 1e-6,
      ropeTheta: 10_000,
      ropeScaling: null,
      tiedEmbeddings: true,
      family: llama,
    });
    assert.equal(parseModelConfig(qwen, 'x').config.family, qwen2);
  });

  it('reads the RoPE settings of newer files', () => {
    const newer = {
      ...llamaFile,
      rope_theta: undefined,
      rope_parameters: { rope_theta: 5e5, rope_type: 'default' },
    };
    assert.equal(llamaConfig(newer).ropeTheta, 5e5);
  });

  it('reads the RoPE scaling of Llama 3 from either field', () => {
    const expected = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 };
    const published = { ...llamaFile, rope_scaling: llama3Positions };
    assert.deepEqual(llamaConfig(published).ropeScaling, expected);
    const newer = {
      ...llamaFile,
      rope_parameters: { ...llama3Positions, rope_theta: 5e5 },
      rope_theta: undefined,
    };
    assert.deepEqual(llamaConfig(newer).ropeScaling, expected);
    assert.equal(llamaConfig({ ...llamaFile, rope_scaling: { type: 'default' } }).ropeScaling, null);
  });

  const refused: [string, Record<string, unknown>][] = [
    ['model_type', { model_type: 'gemma' }],
    ['rope_scaling', { rope_scaling: { type: 'dynamic', factor: 2 } }],
    ['rope_scaling.low_freq_factor', { rope_scaling: { rope_type: 'llama3', factor: 8 } }],
    ['rope_scaling.high_freq_factor', { rope_scaling: { ...llama3Positions, high_freq_factor: 1 } }],
    ['layer_types', { layer_types: ['full_attention', 'sliding_attention'] }],
    ['rope_parameters', { rope_parameters: { rope_type: 'yarn' } }],
    ['hidden_act', { hidden_act: 'gelu' }],
    ['attention_bias', { attention_bias: true }],
    ['mlp_bias', { mlp_bias: true }],
    ['attention_dropout', { attention_dropout: 0.1 }],
    ['quantization_config', { quantization_config: { bits: 4 } }],
    ['sliding_window', { ...qwen, use_sliding_window: true }],
    ['num_key_value_heads', { num_key_value_heads: 3 }],
    ['head_dim', { head_dim: 31 }],
    ['hidden_size', { hidden_size: -1 }],
    ['vocab_size', { vocab_size: undefined }],
  ];
  for (const [field, change] of refused)
    it(`refuses ${field} = ${JSON.stringify(change[field])} by name`, () => {
      assert.throws(
        () => parseModelConfig({ ...llamaFile, ...change }, 'config.json'),
        (error: Error & Record<string, unknown>) => {
          assert.equal(error['code'], 'CONFIG_INVALID');
          assert.equal((error['details'] as Record<string, unknown>)['field'], field);
          return error.message.includes(`"${field}"`);
        },
      );
    });
});

describe('model folders', () => {
  const folder = temporaryFolder();

  it('are read back as saved, byte for byte', async () => {
    const first = makeModel(folder.at('first'));
    const { weights } = loadModelFolder(first);
    mkdirSync(folder.at('second'));
    saveModelFolder(folder.at('second'), { source: first, weights, family: llama });
    assert.deepEqual(await digestModelFolder(folder.at('second')), await digestModelFolder(first));
  });

  it('may be sharded', () => {
    const whole = makeModel(folder.at('whole'));
    const { weights } = loadModelFolder(whole);
    const target = folder.at('sharded');
    mkdirSync(target);
    saveModelFolder(target, { source: whole, weights: new Map(), family: llama });
    const names = [...weights.keys()];
    const weight_map: Record<string, string> = {};
    for (const [part, own] of [names.slice(0, 9), names.slice(9)].entries()) {
      const file = `model-${part}.safetensors`;
      for (const name of own) weight_map[name] = file;
      const tensors = new Map(own.map((name) => [name, weights.get(name)!]));
      writeFileSync(join(target, file), Buffer.concat([...encodeSafetensors(tensors)]));
    }
    writeFileSync(join(target, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    assert.throws(
      () => loadModelFolder(target),
      { code: 'CONFIG_INVALID' },
      'the empty single file is read first',
    );
    rmSync(join(target, 'model.safetensors'));
    assert.deepEqual(loadModelFolder(target).weights, weights);
  });

  it('are refused if a tensor is in two files', () => {
    const target = makeModel(folder.at('twice'));
    const { weights } = loadModelFolder(target);
    renameSync(join(target, 'model.safetensors'), join(target, 'a.safetensors'));
    const norm = new Map([['model.norm.weight', weights.get('model.norm.weight')!]]);
    writeFileSync(join(target, 'b.safetensors'), Buffer.concat([...encodeSafetensors(norm)]));
    const weight_map = { x: 'a.safetensors', y: 'b.safetensors' };
    writeFileSync(join(target, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    assert.throws(() => loadModelFolder(target), /model\.norm\.weight.*two files/);
  });

  it('are refused if the index names a file outside of the folder', () => {
    const target = folder.at('outside');
    mkdirSync(target);
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      writeFileSync(join(target, name), readFileSync(join(architecture, name)));
    writeFileSync(
      join(target, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { a: '../x.safetensors' } }),
    );
    assert.throws(() => loadModelFolder(target), { code: 'CONFIG_INVALID' });
  });

  it('are refused if weights and config.json disagree, naming the tensor', () => {
    const target = copyModel(makeModel(folder.at('good')), folder.at('wrong'));
    const config = { ...llamaFile, intermediate_size: 360 };
    writeFileSync(join(target, 'config.json'), JSON.stringify(config));
    assert.throws(() => loadModelFolder(target), /gate_proj/);
    writeFileSync(join(target, 'config.json'), JSON.stringify({ ...llamaFile, num_hidden_layers: 3 }));
    assert.throws(() => loadModelFolder(target), /layers\.3.*is unexpected/);
    writeFileSync(join(target, 'config.json'), JSON.stringify({ ...llamaFile, tie_word_embeddings: false }));
    assert.throws(() => loadModelFolder(target), /lm_head/);
  });

  it('report a missing file, the file in its place, and how to convert it', async () => {
    assert.throws(() => readModelConfig(folder.at('nowhere')), { code: 'INPUT_MISSING' });
    const cases: readonly (readonly [gone: string, there: string | null, says: RegExp, remedy: RegExp])[] = [
      ['config.json', null, /has no config\.json\.$/, /Put the file/],
      ['config.json', 'adapter_config.json', /no config\.json, but adapter_config\.json/, /an adapter/],
      ['tokenizer.json', 'tokenizer.model', /but tokenizer\.model/, /AutoTokenizer/],
      ['tokenizer.json', 'vocab.json', /but vocab\.json/, /AutoTokenizer/],
      ['model.safetensors', 'pytorch_model.bin', /but pytorch_model\.bin/, /AutoModelForCausalLM/],
      ['model.safetensors', 'model-00001-of-00002.safetensors', /but model-00001/, /index\.json/],
      ['model.safetensors', 'model.Q4_0.gguf', /but model\.Q4_0\.gguf/, /GGUF/],
    ];
    const good = makeModel(folder.at('whole'));
    for (const [index, [gone, there, says, remedy]] of cases.entries()) {
      const target = copyModel(good, folder.at(`lacking-${index}`));
      rmSync(join(target, gone));
      if (there !== null) writeFileSync(join(target, there), '');
      await assert.rejects(digestModelFolder(target), { code: 'INPUT_MISSING', message: says, remedy });
    }
    await assert.rejects(digestModelFolder(folder.at('nowhere')), { message: /There is no model folder/ });
  });

  it('of other families are refused by family, whatever their fields', () => {
    for (const other of [
      { model_type: 'gpt2', n_embd: 64 },
      { ...llamaFile, model_type: 'mistral' },
    ])
      assert.throws(
        () => parseModelConfig(other, 'x'),
        /"model_type" is "(?:gpt2|mistral)"; llama and qwen2/,
      );
  });

  it('are refused if they are Git LFS pointers', () => {
    const target = copyModel(makeModel(folder.at('pulled')), folder.at('cloned'));
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n';
    writeFileSync(join(target, 'model.safetensors'), pointer);
    assert.throws(() => loadModelFolder(target), { code: 'CONFIG_INVALID', remedy: /git lfs pull/ });
  });
});

describe('adapters', () => {
  const folder = temporaryFolder();
  const lora = { rank: 2, alpha: 4, targetModules: ['v_proj', 'q_proj'] as const };
  const name = 'model.layers.0.self_attn.q_proj';
  const tensors = new Map<string, Tensor>([
    [`${name}.lora_A`, { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    [`${name}.lora_B`, { dims: [4, 2], data: new Float32Array(8) }],
  ]);
  const config = () => join(folder.path(), 'adapter_config.json');

  it('are read back as saved, with PEFT’s keys', () => {
    saveAdapter(folder.path(), { lora, tensors, baseSha256: 'ab' });
    const loaded = loadAdapter(folder.path());
    assert.deepEqual(loaded.tensors, tensors);
    assert.deepEqual(
      { ...loaded.lora, targetModules: [...loaded.lora.targetModules].sort() },
      { ...lora, targetModules: ['q_proj', 'v_proj'] },
    );
    const written = JSON.parse(readFileSync(config(), 'utf8')) as Record<string, unknown>;
    assert.equal(written['peft_type'], 'LORA');
    assert.equal(written['task_type'], 'CAUSAL_LM');
  });

  for (const change of [
    { use_dora: true },
    { peft_type: 'IA3' },
    { bias: 'all' },
    { modules_to_save: ['lm_head'] },
    { rank_pattern: { q_proj: 3 } },
  ])
    it(`with ${JSON.stringify(change)} are refused by name`, () => {
      saveAdapter(folder.path(), { lora, tensors, baseSha256: 'ab' });
      const written = JSON.parse(readFileSync(config(), 'utf8')) as object;
      writeFileSync(config(), JSON.stringify({ ...written, ...change }));
      assert.throws(() => loadAdapter(folder.path()), new RegExp(`${Object.keys(change)[0]}`));
    });

  it('whose tensors do not fit the rank are refused', () => {
    saveAdapter(folder.path(), { lora: { ...lora, rank: 3 }, tensors, baseSha256: 'ab' });
    assert.throws(() => loadAdapter(folder.path()), /rank 3/);
  });
});
