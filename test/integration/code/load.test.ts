import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadUserMember } from '../../../code/load';
import { packageRoot } from '../../../host/package-files';
import { temporaryFolder } from '../../support/temporary';

describe('a user’s module', () => {
  const folder = temporaryFolder();
  const refusal = (path: string) => ({
    code: 'DEFINITION_INVALID',
    message: `${path} names an export of itself while it runs, and would run a second time.`,
  });

  it('runs once where two of its exports are loaded at the same time', async () => {
    const runs = folder.at('runs');
    writeFileSync(
      folder.at('twice.ts'),
      `import { appendFileSync } from 'node:fs';
      appendFileSync('${runs}', 'x');
      const state = {};
      export const one = { state };
      export const two = { state };`,
    );
    const load = (name: string) => loadUserMember(folder.at('twice.ts'), name) as Promise<{ state: object }>;
    const [one, two] = await Promise.all([load('one'), load('two')]);
    assert.equal(one.state, two.state);
    assert.equal(readFileSync(runs, 'utf8'), 'x');
  });

  it('is refused where it loads itself and waits', async () => {
    const path = folder.at('itself.ts');
    writeFileSync(path, 'await (globalThis as any).loadItself();\nexport const pipeline = () => 1;\n');
    Object.assign(globalThis, { loadItself: () => loadUserMember(path, 'pipeline') });
    await assert.rejects(loadUserMember(path, 'pipeline'), refusal(path));
  });

  it('is refused where it is the program that runs, before it runs a second time', async () => {
    const path = folder.at('program.mjs');
    const loader = join(packageRoot, 'dist', 'code', 'load.js');
    writeFileSync(
      path,
      `import { loadUserMember } from ${JSON.stringify(loader)};
      console.log('runs');
      export const pipeline = () => 1;
      await loadUserMember(${JSON.stringify(path)}, 'pipeline').catch((error) => console.log(error.message));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [path]);
    assert.equal(stdout, `runs\n${refusal(path).message}\n`);
  });
});
