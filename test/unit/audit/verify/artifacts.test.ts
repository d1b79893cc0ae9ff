import { strict as assert } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openExperimentLedger } from '../../../../audit';
import { checkArtifacts } from '../../../../audit/verify/artifacts';
import { Subject } from '../../../../audit/verify/subject';
import { createFolderStore } from '../../../../store';
import { temporaryFolder } from '../../../support/temporary';

describe('a run whose artifacts another version made', () => {
  const folder = temporaryFolder();

  it('is refused as a whole, not artifact by artifact', async () => {
    const store = createFolderStore(folder.path());
    const about = { experimentId: 'old', definition: {}, definitionDigest: 'd'.repeat(64), actor: 'a' };
    await openExperimentLedger(store, about);
    const fence = { check: () => Promise.resolve() };
    for (const stage of ['a'.repeat(64), 'b'.repeat(64)]) {
      const recorded = { cached: true, artifact: 'c'.repeat(64), stageHead: null };
      const entry = { type: 'stage-recorded' as const, stage, kind: 'trainSft', ...recorded };
      await store.chain({ experiment: 'old' }).append(entry, fence);
      const dir = folder.at(store.nameOf({ artifact: { kind: 'trainSft', key: stage } }));
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, 'manifest.json'), '{"format":1}');
    }
    const subject = new Subject({ store, home: store.name, experimentId: 'old' });
    await assert.rejects(checkArtifacts(subject), { code: 'FORMAT_UNSUPPORTED' });
  });
});
