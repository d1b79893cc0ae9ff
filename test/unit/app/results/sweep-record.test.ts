import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readResult } from '../../../../app/results/sweep-record';
import { reportFolder } from '../../../../host/home';
import { storedFormat } from '../../../../core/stored-format';
import { temporaryFolder } from '../../../support/temporary';

describe('result.json of a home', () => {
  const folder = temporaryFolder();

  async function rejected(document: string): Promise<unknown> {
    const home = folder.path();
    const reports = reportFolder(home, 'a-sweep');
    await mkdir(reports, { recursive: true });
    await writeFile(join(reports, 'result.json'), document);
    return readResult('a-sweep', { home }).then(
      () => assert.fail('the result is refused'),
      (error: unknown) => error,
    );
  }

  it('is refused as another version’s by its format alone', async () => {
    const { code, message } = (await rejected('{"format":1,"places":[{}]}')) as {
      code: string;
      message: string;
    };
    assert.equal(code, 'FORMAT_UNSUPPORTED');
    assert.match(message, /result\.json has format 1: an earlier version of Budgetline made it/);
  });

  it('is refused as corrupt if it is not a result', async () => {
    for (const document of ['{', '{}', `{"format":${storedFormat}}`])
      assert.equal(((await rejected(document)) as { code: string }).code, 'ARTIFACT_CORRUPT');
  });
});
