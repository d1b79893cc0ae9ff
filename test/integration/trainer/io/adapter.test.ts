import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mergeLora } from '../../../../trainer/engine';
import { ops } from '../../../../trainer/graph';
import { loadAdapter, saveAdapter } from '../../../../trainer/io/adapter';
import { createContext } from '../../../../trainer/model/decoder';
import { decodeSequences } from '../../../support/trainer/dense-decoder';
import { temporaryFolder } from '../../../support/temporary';
import { oracleConfigs, oracleRows, oracleWeights } from '../../../support/trainer/oracle-model';
import { runGraph } from '../../../support/trainer/run-graph';

const folder = resolve(__dirname, '..', '..', '..', 'oracles', 'peft-adapter');

describe('adapters in PEFT’s format', () => {
  const written = temporaryFolder();

  it('written by PEFT have the same logits here', async () => {
    const { logits } = JSON.parse(readFileSync(join(folder, 'logits.json'), 'utf8')) as {
      logits: number[][];
    };
    const { lora, tensors } = loadAdapter(folder);
    const config = oracleConfigs.grouped;
    const weights = mergeLora(oracleWeights(config), lora, tensors);
    const source = {
      weight: (name: string) => ops.constant(weights.get(name)!.data, weights.get(name)!.dims),
      adapter: () => null,
    };
    for (const [row, expected] of logits.entries()) {
      const ids = [...oracleRows[row]!.ids];
      const shape = { rows: 1, length: ids.length };
      const found = decodeSequences(createContext(config, source), ops.integers(ids), shape);
      const values = (await runGraph({ found })).get('found')!;
      const worst = Math.max(...expected.map((value, at) => Math.abs(values[at]! - value)));
      assert.ok(worst < 1e-5, `row ${row}: logits differ by ${worst}`);
    }
  });

  it('are read back as written, with dropout and rsLoRA', () => {
    const { lora, tensors } = loadAdapter(folder);
    assert.deepEqual(
      { ...lora, targetModules: [...lora.targetModules].sort() },
      {
        rank: 4,
        alpha: 6,
        dropout: 0.1,
        useRslora: true,
        targetModules: ['down_proj', 'q_proj', 'v_proj'],
      },
    );
    saveAdapter(written.path(), { lora, tensors, baseSha256: '0' });
    const again = loadAdapter(written.path());
    assert.deepEqual(again.tensors, tensors);
    assert.equal(again.lora.useRslora, true);
  });
});
