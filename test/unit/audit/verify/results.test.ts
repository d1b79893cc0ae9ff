import { strict as assert } from 'node:assert';
import { openExperimentLedger } from '../../../../audit';
import { checkResults } from '../../../../audit/verify/results';
import { Subject } from '../../../../audit/verify/subject';
import { createFolderStore } from '../../../../store';
import { temporaryFolder } from '../../../support/temporary';

describe('a run without result.json', () => {
  const folder = temporaryFolder();

  async function check(experimentId: string, definition: object) {
    const store = createFolderStore(folder.at(experimentId));
    await store.prepare();
    await openExperimentLedger(store, {
      experimentId,
      definition,
      definitionDigest: 'd'.repeat(64),
      actor: 'a',
    });
    return checkResults(new Subject({ store, home: store.name, experimentId }));
  }

  it('passes for a single experiment, whose result is in its history', async () => {
    const { findings, ...rest } = { findings: undefined, ...(await check('one', { budget: 64 })) };
    assert.deepEqual([findings, 'checked' in rest], [[], true]);
  });

  it('is skipped for a sweep, with the reason', async () => {
    assert.deepEqual(await check('many', { budgets: [64] }), { skipped: 'there is no result.json' });
  });
});
