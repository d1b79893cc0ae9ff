import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { workflowBundlePath } from '../../../host/package-files';

/** The bundle's code, without the source map after it. */
function readCode(): string {
  const text = readFileSync(workflowBundlePath, 'utf8');
  return text.slice(0, text.indexOf('//# sourceMappingURL'));
}

const moduleIds = (code: string): string[] =>
  [...code.matchAll(/^\/\*\*\*\/ "([^"]+)":?/gm)].map(([, id = '']) => id);

describe('the workflow bundle', () => {
  const code = readCode();
  const ids = moduleIds(code);

  it('holds the workflows, the planner and no more of this package than they need', () => {
    const ours = ids.filter((id) => id.startsWith('./dist/'));
    assert.ok(ours.includes('./dist/workflows/allocation-sweep.js'), ours.join('\n'));
    assert.ok(ours.includes('./dist/planning/plan.js'));
    const rooms = new Set(ours.map((id) => id.split('/')[2]));
    // The search needs the random numbers of `analysis/`.
    assert.deepEqual([...rooms].sort(), [
      'analysis',
      'contracts',
      'core',
      'losses',
      'planning',
      'search',
      'stages',
      'workflows',
    ]);
  });

  it('holds neither zod nor anything of Node', () => {
    assert.deepEqual(
      ids.filter((id) => /node_modules\/zod\//.test(id)),
      [],
    );
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name);
    const ofNode = required.filter((name) => name.startsWith('node:') || builtinModules.includes(name));
    assert.deepEqual(ofNode, []);
  });

  it('stays small: every cached workflow pays for it', () => {
    // Three fifths of it are the SDK's.
    assert.ok(code.length < 900_000, `${code.length} characters`);
  });
});
