import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { embeddedModelPath } from '../../../host/package-files';
import { readModelPositions, readModelSize } from '../../../store';
import { temporaryFolder } from '../../support/temporary';
import { encodeGguf } from '../../support/trainer/gguf-writer';

describe('the size of a model', () => {
  const folder = temporaryFolder();

  it('is read from headers and config.json of a folder, and from a GGUF file', async () => {
    const square = 4 * (128 + 128);
    const oblong = 4 * (128 + 352);
    assert.deepEqual(await readModelSize(embeddedModelPath), {
      parameters: 820_736,
      vocabulary: 131,
      linearSides: {
        ...{ q_proj: square, k_proj: square, v_proj: square, o_proj: square },
        ...{ gate_proj: oblong, up_proj: oblong, down_proj: oblong },
      },
      cachedWidth: 4 * (128 + 128),
    });
    assert.equal(await readModelPositions(embeddedModelPath), 1024);
    const metadata = { 'general.architecture': 'llama', 'llama.context_length': 64 };
    const tensor = { type: 0, bytes: new Uint8Array(4 * 32 * 50) };
    const tensors = new Map([
      ['token_embd.weight', { ...tensor, shape: [32, 50] }],
      ['output_norm.weight', { ...tensor, shape: [32] }],
      ['blk.0.attn_k.weight', { ...tensor, shape: [32, 16] }],
      ['blk.0.ffn_down.weight', { ...tensor, shape: [64, 32] }],
    ]);
    writeFileSync(folder.at('made.gguf'), encodeGguf(metadata, tensors));
    assert.deepEqual(await readModelSize(folder.at('made.gguf')), {
      parameters: 1632 + 512 + 2048,
      vocabulary: 50,
      linearSides: { k_proj: 32 + 16, down_proj: 64 + 32 },
      cachedWidth: 16,
    });
    assert.equal(await readModelPositions(folder.at('made.gguf')), 64);
  });

  it('is undefined if the files do not say; loading the model reports the error', async () => {
    mkdirSync(folder.at('odd'));
    writeFileSync(folder.at('odd', 'config.json'), '{ "vocab_size": "many" }');
    writeFileSync(folder.at('odd', 'model.safetensors'), 'short');
    writeFileSync(folder.at('odd.gguf'), 'GGUF');
    for (const path of ['odd', 'odd.gguf', 'none', 'none.gguf']) {
      const { parameters, vocabulary } = await readModelSize(folder.at(path));
      const positions = await readModelPositions(folder.at(path));
      assert.deepEqual([parameters, vocabulary, positions], [undefined, undefined, undefined]);
    }
  });
});
