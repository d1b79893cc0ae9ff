import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ops } from '../../../../trainer/graph';
import { loadModelFolder } from '../../../../trainer/io/model-folder';
import { createContext } from '../../../../trainer/model/decoder';
import { decodeSequences } from '../../../support/trainer/dense-decoder';
import { runGraph } from '../../../support/trainer/run-graph';

const oracles = resolve(__dirname, '..', '..', '..', 'oracles', 'architectures');

interface Stored {
  readonly ids: readonly number[];
  /** [T, V] */
  readonly logits: readonly (readonly number[])[];
}

async function computeLogits(folder: string, ids: readonly number[]): Promise<Float32Array> {
  const { settings, weights } = loadModelFolder(folder);
  const source = {
    weight: (name: string) => ops.constant(weights.get(name)!.data, weights.get(name)!.dims),
    adapter: () => null,
  };
  const input = ops.integers(ids, [ids.length]);
  const shape = { rows: 1, length: ids.length };
  const logits = decodeSequences(createContext(settings.config, source), input, shape);
  return (await runGraph({ logits })).get('logits')!;
}

describe('checkpoints written by Transformers', () => {
  for (const kind of readdirSync(oracles))
    it(`${kind}: has the logits of Transformers`, async () => {
      const folder = join(oracles, kind);
      const { ids, logits } = JSON.parse(readFileSync(join(folder, 'logits.json'), 'utf8')) as Stored;
      const found = await computeLogits(folder, ids);
      const worst = Math.max(...logits.flat().map((expected, at) => Math.abs(found[at]! - expected)));
      assert.ok(worst < 1e-4, `logits differ by ${worst}`);
    });
});
