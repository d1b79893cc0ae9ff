/** Runs all tests of rooms, from every suite: `npm run test:room planning`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');
const suites = ['unit', 'integration', 'e2e'].map((suite) => join('test', suite));

const foldersIn = (suite: string): string[] =>
  readdirSync(join(root, suite), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const rooms = [...new Set(suites.flatMap(foldersIn))].sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((room) => !rooms.includes(room));

if (wanted.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`No tests of: ${unknown.join(', ')}`);
  console.error(`Usage: npm run test:room <room>\nRooms: ${rooms.join(', ')}`);
  process.exitCode = 2;
} else {
  const folders = wanted.flatMap((room) => suites.map((suite) => join(suite, room)));
  const patterns = folders
    .filter((folder) => existsSync(join(root, folder)))
    .map((folder) => join(folder, '**/*.test.ts'));
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const { status } = spawnSync(process.execPath, [mocha, '--parallel', '--jobs', '2', ...patterns], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
