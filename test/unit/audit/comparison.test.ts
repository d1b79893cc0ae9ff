import { strict as assert } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCells, pairCells, type Cell } from '../../../audit/comparison/cells';
import { digestOf } from '../../../core/digest';
import { createFolderStore, type Store } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

interface Made {
  readonly rows: number;
  readonly bytes?: string;
  readonly threads?: number;
}

const who = { id: 'c', task: 't', model: 'm', annotator: 'a' };
const when = { startedAt: '', endedAt: '' };
const cost = { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 };

async function publish(store: Store, kind: 'trainSft' | 'evaluate', made: Made, inputs = {}) {
  const spec = { kind, rows: made.rows };
  const key = digestOf({ spec, revision: 1, inputs });
  const dir = join(store.name, key);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'file'), made.bytes ?? '');
  const how = {
    device: 'cpu',
    threads: made.threads ?? 1,
    trainer: 't',
    microBatches: [],
    warnings: [],
    cost,
  };
  const title = `${kind} of ${made.rows}`;
  const at = { at: new Date().toISOString(), host: 'h', experimentId: 'e' };
  const makes = kind === 'evaluate' ? 'scores' : 'adapter';
  const manifest = {
    makes,
    revision: 1,
    title,
    spec,
    inputs,
    inputDigests: {},
    metrics: {},
    made: { ...at, ...how },
  };
  const { digest } = (
    await store.publish({ id: { kind, key }, dir, manifest }, { check: () => Promise.resolve() })
  ).manifest;
  return { kind, makes, title, key, digest };
}

describe('comparison of two runs', () => {
  const folder = temporaryFolder();

  async function makeCell(name: string, made: Made, score: number): Promise<{ store: Store; cell: Cell }> {
    const store = createFolderStore(folder.at(name));
    await store.prepare();
    const adapter = await publish(store, 'trainSft', made);
    const last = await publish(store, 'evaluate', { rows: 1 }, { adapter: adapter.key });
    const cell = { ...who, budget: 64, sftFraction: 1, seed: 0 };
    return { store, cell: { cell, evaluation: { score, auxiliary: [] }, stages: [adapter, last], ...when } };
  }

  async function compare(a: Made, b: Made, scores: readonly [number, number]) {
    const one = await makeCell(`a-${JSON.stringify(b)}`, a, scores[0]);
    const other = await makeCell(`b-${JSON.stringify(b)}`, b, scores[1]);
    const pair = { name: 'cell', a: one.cell, b: other.cell };
    return compareCells({ a: one.store, b: other.store }, pair);
  }

  it('names the first stage with different settings, and the field that differs', async () => {
    const { firstDifferentStage, cause, differences } = await compare({ rows: 8 }, { rows: 16 }, [0.5, 0.4]);
    assert.deepEqual([firstDifferentStage, cause], ['trainSft of 16', 'settings']);
    assert.deepEqual(differences, [{ field: 'adapter › spec.rows', a: '8', b: '16' }]);
  });

  it('names the first stage with different bytes, and what differs in its environment', async () => {
    const made = await compare({ rows: 8, bytes: 'x' }, { rows: 8, bytes: 'y', threads: 2 }, [0.5, 0.4]);
    assert.deepEqual([made.firstDifferentStage, made.cause], ['trainSft of 8', 'bytes']);
    assert.deepEqual(made.differences, [{ field: 'threads', a: '1', b: '2' }]);
  });

  it('finds no difference if every stage is identical', async () => {
    const { firstDifferentStage, cause } = await compare({ rows: 8 }, { rows: 8, threads: 2 }, [0.5, 0.5]);
    assert.deepEqual([firstDifferentStage, cause], [null, null]);
  });

  it('pairs cells with equal settings, then those that differ in the seed only', () => {
    const cell = (budget: number, seed: number): Cell => ({
      cell: { ...who, budget, sftFraction: 0.5, seed },
      evaluation: { score: 0, auxiliary: [] },
      stages: [],
      ...when,
    });
    const { pairs, onlyA, onlyB } = pairCells(
      [cell(64, 0), cell(64, 1), cell(128, 0)],
      [cell(64, 2), cell(64, 1), cell(256, 0)],
    );
    assert.deepEqual(
      pairs.map(({ a, b }) => [a.cell.budget, a.cell.seed, b.cell.seed]),
      [
        [64, 1, 1],
        [64, 0, 2],
      ],
    );
    assert.deepEqual([onlyA.length, onlyB.length], [1, 1]);
  });
});
