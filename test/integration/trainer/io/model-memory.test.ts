import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ParameterSpec } from '../../../../trainer/families/define';
import { parseModelConfig } from '../../../../trainer/io/model-config';
import { temporaryFolder } from '../../../support/temporary';
import { jobBase } from '../../../../conformance/kit';
import { architecture } from '../../../support/trainer/tiny-model';
import { eventsOf, runJob } from '../../../support/trainer/trainer-process';

const width = { F32: 4, BF16: 2 } as const;

const settings = {
  ...(JSON.parse(readFileSync(join(architecture, 'config.json'), 'utf8')) as object),
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 4,
  head_dim: 64,
  num_attention_heads: 16,
  num_key_value_heads: 16,
};

/** Tensors of zeros in sparse files: nothing is written, all of it is read. */
function writeWeights(path: string, tensors: readonly ParameterSpec[], dtype: keyof typeof width) {
  let end = 0;
  const entries = tensors.map(({ name, dims }) => {
    const begin = end;
    end += width[dtype] * dims.reduce((product, size) => product * size, 1);
    return [name, { dtype, shape: dims, data_offsets: [begin, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header]));
  truncateSync(path, 8 + header.length + end);
}

function makeFolder(folder: string, dtype: keyof typeof width, shards: number): number {
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(settings));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(architecture, name), join(folder, name));
  const { config } = parseModelConfig(settings, folder);
  const tensors = config.family.parameters(config);
  const nameOf = (index: number): string =>
    shards === 1 ? 'model.safetensors' : `model-${index % shards}.safetensors`;
  const names = tensors.map((_, index) => nameOf(index));
  const own = (name: string) => tensors.filter((_, index) => names[index] === name);
  for (const name of new Set(names)) writeWeights(join(folder, name), own(name), dtype);
  const weight_map = Object.fromEntries(tensors.map(({ name }, index) => [name, names[index]]));
  if (shards > 1) writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  return tensors.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1), 0);
}

describe('a large model', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const measure = async (name: string, model: string) => {
    const run = await runJob({ ...jobBase(folder.path(), name), command: 'info', model });
    const [result] = eventsOf(run, 'result');
    assert.ok(result, run.stderr);
    return { peakMemoryBytes: result.peakMemoryBytes, parameters: result.metrics['parameters'] };
  };

  it('is measured without the memory of the process that started the trainer', async () => {
    const held = Buffer.alloc(400 << 20, 1);
    const { peakMemoryBytes } = await measure('alone', architecture);
    assert.ok(peakMemoryBytes < held.length / 2, `${peakMemoryBytes} bytes`);
  });

  for (const [dtype, shards] of [
    ['F32', 1],
    ['BF16', 3],
  ] as const)
    it(`${dtype} in ${shards === 1 ? 'one file' : `${shards} files`}: memory has the f32 weights once, and never a whole file`, async () => {
      const small = await measure(`small-${dtype}`, architecture);
      const parameters = makeFolder(folder.at(dtype), dtype, shards);
      const large = await measure(dtype, folder.at(dtype));
      assert.equal(large.parameters, parameters);
      const taken = (large.peakMemoryBytes - small.peakMemoryBytes) / (4 * parameters);
      assert.ok(parameters > 6e7 && taken > 0.9 && taken < 1.2, `${taken.toFixed(2)} of the weights as f32`);
    });
});
