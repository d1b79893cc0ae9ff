import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { hub } from '../../../core/hub';
import { acquisitionLimitMs } from '../../support/temporal';
import { resolveTinySweep, runSweep, withWorkers } from '../../support/sweep-bench';
import { temporaryFolder } from '../../support/temporary';
import { writeFullFolder, writeGgufModel, writeLinkedSnapshot } from '../../support/user-models';

/** Writes a model into a folder and returns its name in a definition. */
const models: [string, (folder: string) => string][] = [
  ['a GGUF file', writeGgufModel],
  ['a folder with files of other programs', writeFullFolder],
  ['a snapshot of links with shards', (folder) => writeLinkedSnapshot(folder)],
  [
    'a model of the hub whose cache has files of other programs',
    (folder) => {
      const snapshot = writeLinkedSnapshot(`${folder}/models--house--tiny`);
      return hub('house/tiny', { revision: basename(snapshot) });
    },
  ],
];

describe('a sweep with a model of the user', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  for (const [at, [what, write]] of models.entries())
    it(`runs to its end: ${what}`, async () => {
      const place = folder.at(`model-${at}`);
      const resolved = await resolveTinySweep(
        {
          model: write(place),
          budgets: [8],
          sftFractions: [0.5],
          evaluation: { items: 4, maxNewTokens: 16 },
          controls: [],
        },
        { hub: { env: { HF_HUB_CACHE: place, HF_HUB_OFFLINE: '1' } } },
      );
      assert.equal(resolved.model.parameters, 820_736);
      const { result } = await withWorkers(folder.at(`home-${at}`), (client) => runSweep(client, resolved));
      assert.deepEqual(result.failedCells, []);
      assert.equal(result.cells.length, 1);
    });
});
