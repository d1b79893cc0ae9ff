import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineFamily, type ModelFamily } from '../../../../trainer/families/define';
import { llama } from '../../../../trainer/families/llama';
import { families } from '../../../../trainer/families/registry';
import { parseModelConfig } from '../../../../trainer/io/model-config';
import { loraParameters } from '../../../../trainer/model/parameters';
import { embeddedModelPath } from '../../../../host/package-files';

const file = JSON.parse(readFileSync(join(embeddedModelPath, 'config.json'), 'utf8')) as object;

describe('model families', () => {
  it('have names, model types and GGUF architectures of their own', () => {
    const lists = [
      families.map(({ name }) => name),
      families.flatMap(({ modelTypes }) => modelTypes),
      families.flatMap(({ gguf }) => (gguf === null ? [] : [gguf.architecture])),
    ];
    for (const list of lists) assert.equal(new Set(list).size, list.length, list.join());
  });

  it('do not compile without a rule', () => {
    const incomplete: Omit<typeof llama, 'gguf'> = llama;
    // @ts-expect-error: the rules of GGUF files are missing
    assert.ok(defineFamily(incomplete));
  });

  for (const family of families) {
    const { config } = parseModelConfig({ ...file, model_type: family.modelTypes[0] }, 'config.json');

    it(`${family.name}: every parameter is once in the list and has fresh values`, () => {
      assert.equal(config.family, family);
      const specs = family.parameters(config);
      assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length);
      for (const spec of specs) {
        const fresh = family.initialise(spec, config);
        assert.ok('value' in fresh ? Number.isFinite(fresh.value) : fresh.deviation > 0, spec.name);
      }
    });

    it(`${family.name}: linear modules are among the parameters, with their shapes`, () => {
      const dims = new Map(family.parameters(config).map((spec) => [spec.name, spec.dims]));
      for (const module of family.linearModules) {
        const path = family.modulePath(1, module.place);
        assert.deepEqual(dims.get(`${path}.weight`), module.dims(config));
        assert.equal(dims.has(`${path}.bias`), module.hasBias);
      }
    });

    it(`${family.name}: a LoRA target that it does not have is refused`, () => {
      const lora = { rank: 2, alpha: 2, targetModules: ['q_proj', 'c_attn'] };
      assert.throws(() => loraParameters(config, lora), {
        code: 'CONFIG_INVALID',
        message: new RegExp(`${family.title} models have no linear layer "c_attn"; they have q_proj, k_proj`),
      });
    });
  }

  it('of a job come first, and are in the texts of errors', () => {
    const own: ModelFamily = { ...llama, name: 'own', title: 'Toy', modelTypes: ['own'] };
    assert.equal(parseModelConfig({ ...file, model_type: 'own' }, 'config.json', own).config.family, own);
    assert.throws(() => parseModelConfig({ ...file, model_type: 'gemma' }, 'config.json', own), {
      code: 'CONFIG_INVALID',
      message: 'config.json: field "model_type" is "gemma"; own, llama and qwen2 are supported.',
      remedy: 'Use a Toy, Llama or Qwen 2 model without that feature.',
    });
  });
});
