import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { findCheckpoint, saveCheckpoint, type Checkpoint } from '../../../../trainer/checkpoints/checkpoint';
import { matchesMark, openMetricsLog } from '../../../../trainer/checkpoints/metrics-log';
import { openRowScratch } from '../../../../trainer/checkpoints/row-scratch';
import { findDifference } from '../../../../trainer/checkpoints/semantics';
import type { Tensor } from '../../../../trainer/tensor';
import { temporaryFolder } from '../../../support/temporary';

const tensor = (...values: number[]): Tensor => ({ dims: [values.length], data: Float32Array.from(values) });

function checkpointAt(step: number): Checkpoint {
  return {
    step,
    tokens: step * 10,
    metrics: { bytes: 0, sha256: 'none' },
    plan: { device: 'cpu', threads: 1, microBatchSize: null },
    semantics: { command: 'sft', training: { learningRate: 1e-3 } },
    state: {
      parameters: new Map([['w', tensor(step, 1)]]),
      firstMoments: new Map([['w', tensor(0.1, -0)]]),
      secondMoments: new Map([['w', tensor(1e-40, 3)]]),
    },
  };
}

describe('checkpoints', () => {
  const temporary = temporaryFolder();
  let folder = '';
  beforeEach(() => {
    folder = temporary.at(`checkpoints-${Math.random()}`);
    mkdirSync(folder);
  });
  const newest = () => findCheckpoint(folder, () => true);

  it('are read back bit for bit, newest first; only the last few are kept', async () => {
    for (const step of [5, 10, 15]) saveCheckpoint(folder, checkpointAt(step), 2);
    assert.equal(readdirSync(folder).length, 2);
    assert.deepEqual(await newest(), { checkpoint: checkpointAt(15), damaged: [] });
  });

  it('fall back to the one before if bytes are missing or changed, and name the damaged one', async () => {
    saveCheckpoint(folder, checkpointAt(5), 3);
    saveCheckpoint(folder, checkpointAt(10), 3);
    const flipped = saveCheckpoint(folder, checkpointAt(15), 3).path;
    const bytes = readFileSync(flipped);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(flipped, bytes);
    const found = await newest();
    assert.equal(found.checkpoint?.step, 10);
    assert.deepEqual(found.damaged, [flipped]);
    const cut = saveCheckpoint(folder, checkpointAt(20), 3).path;
    truncateSync(cut, 50);
    assert.equal((await newest()).checkpoint?.step, 10);
  });

  it('ignore a partial file of a killed process', async () => {
    const { path } = saveCheckpoint(folder, checkpointAt(5), 2);
    writeFileSync(`${path}.partial`, 'half');
    assert.equal((await newest()).checkpoint?.step, 5);
    assert.equal(readdirSync(folder).length, 1);
  });

  it('do not exist in a new folder', async () => {
    assert.deepEqual(await newest(), { checkpoint: null, damaged: [] });
  });
});

describe('job semantics', () => {
  it('are compared field by field', () => {
    const a = { seed: 1, training: { learningRate: 1, lora: null }, list: [1, 2] };
    assert.equal(findDifference(a, structuredClone(a)), null);
    assert.equal(
      findDifference(a, { ...a, training: { ...a.training, learningRate: 2 } }),
      'training.learningRate',
    );
    assert.equal(
      findDifference(a, { ...a, training: { ...a.training, lora: { rank: 1 } } }),
      'training.lora',
    );
    assert.equal(findDifference(a, { ...a, list: [1] }), 'list.1');
    assert.equal(findDifference(a, { ...a, more: 1 }), 'more');
    fc.assert(fc.property(fc.jsonValue(), (value) => findDifference(value, structuredClone(value)) === null));
  });
});

describe('the metrics log', () => {
  const folder = temporaryFolder();

  it('continues after its mark as if never interrupted', () => {
    const [path, whole] = [folder.at('cut.jsonl'), folder.at('whole.jsonl')];
    const undisturbed = openMetricsLog(whole);
    for (const step of [1, 2, 3]) undisturbed.append(step, { loss: 1 / step });
    const first = openMetricsLog(path);
    first.append(1, { loss: 1 });
    const mark = first.mark();
    first.append(2, { loss: 99 });
    first.close();
    const second = openMetricsLog(path, mark);
    for (const step of [2, 3]) second.append(step, { loss: 1 / step });
    assert.deepEqual(second.mark(), undisturbed.mark());
    assert.equal(readFileSync(path, 'utf8'), readFileSync(whole, 'utf8'));
  });

  it('matches its mark only if it begins with those bytes', () => {
    const path = folder.at('marked.jsonl');
    const log = openMetricsLog(path);
    log.append(1, { loss: 1 });
    const mark = log.mark();
    assert.ok(matchesMark(path, mark));
    truncateSync(path, mark.bytes - 1);
    assert.ok(!matchesMark(path, mark));
    assert.ok(!matchesMark(folder.at('none.jsonl'), mark));
  });
});

describe('finished batches', () => {
  const folder = temporaryFolder();
  const of = (seed: number) => ({ semantics: { command: 'generate', seed }, workDir: folder.path() });
  async function rowsIn(path: string): Promise<number[]> {
    const scratch = await openRowScratch<number>(path, of(1));
    const rows: number[] = [];
    for await (const batch of scratch.batches()) rows.push(...batch);
    scratch.close();
    return rows;
  }

  it('survive a kill at any byte of the file, whole batches only', async () => {
    const path = folder.at('scratch.jsonl');
    const scratch = await openRowScratch<number>(path, of(1));
    for (const batch of [[1, 2], [3, 4], [5]]) scratch.append(batch);
    scratch.close();
    const bytes = readFileSync(path);
    const starts = [0, 2, 4, 5];
    for (let length = bytes.length; length >= 0; length -= 7) {
      writeFileSync(path, bytes.subarray(0, length));
      const rows = await rowsIn(path);
      assert.ok(starts.includes(rows.length), `${rows.length} rows at ${length} bytes`);
      assert.deepEqual(rows, [1, 2, 3, 4, 5].slice(0, rows.length));
    }
  });

  it('are counted and continued; everything after a damaged line is dropped', async () => {
    const path = folder.at('damaged.jsonl');
    const scratch = await openRowScratch<number>(path, of(1));
    for (const batch of [[1], [2], [3]]) scratch.append(batch);
    scratch.close();
    writeFileSync(path, readFileSync(path, 'utf8').replace('"rows":[2]', '"rows":[9]'));
    const again = await openRowScratch<number>(path, of(1));
    assert.equal(again.finished, 1);
    again.append([7]);
    again.close();
    assert.deepEqual(await rowsIn(path), [1, 7]);
  });

  it('of another job are refused by field', async () => {
    const path = folder.at('other.jsonl');
    (await openRowScratch<number>(path, of(1))).close();
    await assert.rejects(openRowScratch(path, of(2)), /field "seed"/);
  });
});
