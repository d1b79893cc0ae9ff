import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../host/package-files';

/** Folders with TypeScript that the package does not contain. */
const notBuilt = ['bench', 'dist', 'docs', 'examples', 'models', 'node_modules', 'scripts', 'test'];

describe('sources of the build', () => {
  it('are all rooms, so that a change in any of them builds again', () => {
    const text = readFileSync(join(packageRoot, 'tsconfig.build.json'), 'utf8');
    const { include } = JSON.parse(text) as { include: string[] };
    const folders = readdirSync(packageRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const rooms = folders.map(({ name }) => name).filter((name) => !name.startsWith('.'));
    assert.deepEqual(
      include.filter((name) => name !== 'index.ts').sort(),
      rooms.filter((name) => !notBuilt.includes(name)).sort(),
    );
  });
});
