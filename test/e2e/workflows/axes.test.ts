import assert from 'node:assert/strict';
import type { SweepInput } from '../../../definitions';
import type { ResolvedSweep } from '../../../contracts/resolved';
import { splitResult } from '../../../planning';
import { readTrainerStarts } from '../../support/counted-trainer';
import { resolveTinySweep, runSweep, withWorkers } from '../../support/sweep-bench';
import type { RanSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const sorted = (values: Iterable<string>): string[] => [...values].sort();

const keysOf = (kind: string, ...sweeps: readonly RanSweep[]): string[] =>
  sorted(
    new Set(
      sweeps.flatMap(({ plan }) =>
        plan.stages.flatMap(({ stage }) => (stage.kind === kind ? [stage.key] : [])),
      ),
    ),
  );

describe('a sweep that contains another', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const change: Partial<SweepInput> = {
    name: 'contained',
    budgets: [4, 8],
    sftFractions: [1, 0.5],
    controls: [],
    evaluation: { items: 6, maxNewTokens: 48 },
  };
  let [first, second]: RanSweep[] = [];
  let wider: ResolvedSweep;
  let startsOfFirst: string[] = [];

  /** Keys of the SFT stages that started a trainer. */
  const sftStarts = (): string[] =>
    readTrainerStarts(folder.path()).flatMap(({ command, id }) => (command === 'sft' ? [id] : []));

  before(async () => {
    const resolved = await resolveTinySweep(change);
    wider = await resolveTinySweep({ ...change, axes: { annotator: ['majority-error', 'clean'] } });
    await withWorkers(folder.path(), async (client) => {
      first = await runSweep(client, resolved);
      startsOfFirst = readTrainerStarts(folder.path()).map(({ id }) => id);
      second = await runSweep(client, wider);
    });
  });

  it('trains one SFT model for all cells that buy the same demonstrations', () => {
    assert.ok(first);
    const cells = first.plan.cells.filter(({ cell }) => cell.sftRows > 0);
    // 4 and 2 demonstrations of 4, 8 and 4 of 8.
    assert.deepEqual([cells.length, keysOf('trainSft', first).length], [4, 3]);
    const starts = new Set(startsOfFirst);
    assert.ok(keysOf('trainSft', first).every((key) => starts.has(key)));
    assert.deepEqual(startsOfFirst.length, starts.size, 'no stage was started twice');
  });

  it('runs nothing of the first again', () => {
    assert.ok(first && second);
    const added = readTrainerStarts(folder.path()).slice(startsOfFirst.length);
    const known = new Set(startsOfFirst);
    assert.deepEqual(
      added.filter(({ id }) => known.has(id)),
      [],
    );
    assert.deepEqual(sorted(sftStarts()), keysOf('trainSft', first, second));
    assert.equal(sftStarts().length, 6);
  });

  it('distinguishes the cells of its places, in ids, progress and result', () => {
    assert.ok(first && second);
    const { plan, result, statuses } = second;
    assert.deepEqual(result.failedCells, []);
    assert.deepEqual(
      sorted(result.cells.map(({ cell }) => cell.id)),
      sorted(plan.cells.map(({ cell }) => cell.id)),
    );
    const shown = statuses.at(-1)?.progress?.cells ?? [];
    assert.deepEqual(sorted(new Set(shown.map(({ cell }) => cell.axes?.['annotator'] ?? ''))), [
      'clean',
      'majority-error',
    ]);
    assert.deepEqual(
      result.variants?.map(({ axes }) => axes),
      [{ annotator: 'majority-error' }, { annotator: 'clean' }],
    );
  });

  it('finds at the first’s place what the first found', () => {
    assert.ok(first && second);
    const [same] = splitResult(wider.definition, second.result);
    const scoresOf = (cells: readonly RanSweep['result']['cells'][number][]): string[] =>
      sorted(cells.map(({ cell, evaluation }) => `${cell.budget} ${cell.sftFraction} ${evaluation.digest}`));
    assert.deepEqual(scoresOf(same?.result.cells ?? []), scoresOf(first.result.cells));
    assert.deepEqual(same?.result.base, first.result.base);
  });
});
