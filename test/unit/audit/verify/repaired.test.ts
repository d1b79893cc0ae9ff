import { strict as assert } from 'node:assert';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openExperimentLedger, readOpening, readTimeline } from '../../../../audit';
import { checkChains } from '../../../../audit/verify/chains';
import { Subject } from '../../../../audit/verify/subject';
import { createFolderStore } from '../../../../store';
import { folderLayout } from '../../../../store/folder/layout';
import { temporaryFolder } from '../../../support/temporary';

describe('an experiment whose first line was torn by a crash', () => {
  const folder = temporaryFolder();

  it('is the same experiment after the repair, and not one of others', async () => {
    const store = createFolderStore(folder.path());
    await store.prepare();
    const path = folderLayout(store.name).part({ experiment: 'torn' });
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, '{"sequence":0,"previous":null,"ti');
    const opening = { experimentId: 'torn', definition: { budgets: [64] }, actor: 'a' };
    await openExperimentLedger(store, { ...opening, definitionDigest: 'd'.repeat(64) });
    const subject = new Subject({ store, home: store.name, experimentId: 'torn' });
    const lines = await subject.experiment();
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['line-healed', 'experiment-opened'],
    );
    assert.deepEqual(await checkChains(subject), {
      checked: '2 lines of the experiment, and the chains of 0 stages and 0 sets of rows',
      findings: [],
    });
    assert.deepEqual(await subject.definition(), opening.definition);
    assert.equal((await readOpening(store, 'torn')).experimentId, 'torn');
    assert.equal((await readTimeline(store, 'torn')).experimentId, 'torn');
  });
});
