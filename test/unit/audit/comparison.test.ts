import { strict as assert } from 'node:assert';
import { compareCells, compareData, pairCells, type Cell } from '../../../audit/comparison/cells';
import { createFolderStore, type Store } from '../../../store';
import { publishStage, publishTwoRounds, readCell } from '../../support/audit/published';
import { temporaryFolder } from '../../support/temporary';

interface Made {
  readonly rows: number;
  readonly bytes?: string;
  readonly threads?: number;
}

const who = { id: 'c', task: 't', model: 'm', annotator: 'a' };
const when = { startedAt: '', endedAt: '' };
describe('comparison of two runs', () => {
  const folder = temporaryFolder();

  async function makeCell(name: string, made: Made, score: number): Promise<{ store: Store; cell: Cell }> {
    const store = createFolderStore(folder.at(name));
    await store.prepare();
    const { rows, bytes = '', threads } = made;
    const adapter = await publishStage(store, 'trainSft', {
      title: `trainSft of ${rows}`,
      spec: { rows },
      files: { file: bytes },
      threads,
    });
    const last = await publishStage(store, 'evaluate', { inputs: { adapter } });
    const cell = { ...who, budget: 64, sftFraction: 1, seed: 0 };
    const evaluation = { key: last.key, score, auxiliary: [] };
    return { store, cell: readCell({ cell, evaluation, stages: [adapter, last] }) };
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

  /** A cell of two rounds as the comparison reads it, and its stages by title. */
  async function makeRounds(name: string) {
    const store = createFolderStore(folder.at(name));
    const cell = readCell(await publishTwoRounds(store));
    return { store, cell, byTitle: new Map(cell.stages.map((stage) => [stage.title, stage])) };
  }

  it('ignores the order of stages that ran side by side, for stages and for data', async () => {
    const { store, cell } = await makeRounds('order');
    const [last, ...others] = [...cell.stages].reverse();
    const pair = { name: 'cell', a: cell, b: { ...cell, stages: [...others, last!] } };
    const { firstDifferentStage } = await compareCells({ a: store, b: store }, pair);
    assert.equal(firstDifferentStage, null);
    assert.deepEqual(compareData(pair), []);
  });

  it('names the bytes that made a pipeline take another branch, rather than the settings of the branch', async () => {
    const [one, other] = [await makeRounds('branch-a'), await makeRounds('branch-b')];
    const title = 'validation of beta 0.5';
    const { key } = one.byTitle.get('validation of beta 0.1')!;
    const stages = other.cell.stages.flatMap((stage) =>
      stage.key === other.cell.evaluation.key
        ? []
        : [stage.title === title ? { ...stage, digest: 'other bytes' } : stage],
    );
    const b = { ...other.cell, stages, evaluation: { ...other.cell.evaluation, key } };
    const found = await compareCells({ a: one.store, b: other.store }, { name: 'cell', a: one.cell, b });
    assert.deepEqual([found.firstDifferentStage, found.cause], [title, 'bytes']);
  });

  it('lists the stages of both cells if they differ in stages that the score does not come from', async () => {
    const { store, cell } = await makeRounds('extra');
    const b = { ...cell, stages: cell.stages.filter(({ title }) => !title.includes('beta 0.1')) };
    const found = await compareCells({ a: store, b: store }, { name: 'cell', a: cell, b });
    assert.deepEqual(
      [found.firstDifferentStage, found.cause, found.differences.map(({ field }) => field)],
      ['beta 0.1: DPO on 8 pairs', 'settings', ['stages']],
    );
  });

  it('pairs cells with equal settings, then those that differ in the seed only', () => {
    const cell = (budget: number, seed: number): Cell => ({
      cell: { ...who, budget, sftFraction: 0.5, seed },
      evaluation: { key: '', score: 0, auxiliary: [] },
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
