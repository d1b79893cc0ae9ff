import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');

interface Dependency {
  resolved: string;
  dependencyTypes: string[];
}
interface Cruise {
  modules: { source: string; dependencies: Dependency[] }[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[]; totalCruised: number };
}

/** Runs the cruiser with the project's law over a folder; violations are data here, not an exit status. */
function cruise(folder: string): Promise<Cruise> {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [cruiser, '--config', config, '--output-type', 'json', '.'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) =>
        stdout === '' ? fail(error ?? new Error('no report')) : done(JSON.parse(stdout) as Cruise),
    );
  });
}

/** A project of a few files under the same law, with our packages. */
async function cruiseFiles(files: Record<string, string>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'budgetline-law-'));
  try {
    for (const name of ['package.json', 'tsconfig.json'])
      await writeFile(join(folder, name), await readFile(join(root, name)));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const { summary } = await cruise(folder);
    return summary.violations.map(({ rule, from }) => `${rule.name} ${from}`).sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lawful: Record<string, string> = {
  'index.ts': "export { a } from './schemas/a';\n",
  'schemas/a.ts':
    "import { z } from 'zod';\nexport const a = z.string();\nexport type A = z.infer<typeof a>;\n",
  'schemas/definition.ts': 'export const d = 1;\n',
  'contracts/stage.ts': "export const kinds = ['one'];\n",
  'planning/b.ts': "import type { A } from '../schemas/a';\nexport const b: A = 'b';\n",
  'activities/c.ts': "import { spawn } from 'node:child_process';\nexport const c = spawn;\n",
  'workflows/d.ts':
    "import type { c } from '../activities/c';\nimport { b } from '../planning/b';\nimport { kinds } from '../contracts/stage';\nexport const d = [b, kinds];\nexport type D = typeof c;\n",
  'trainer/runtime/e.ts': "import * as ort from 'onnxruntime-node';\nexport const e = ort;\n",
};

/** One wrong import each, and the rule that must catch it. */
const crimes: [rule: string, path: string, text: string][] = [
  ['workflows-node', 'workflows/x.ts', "import { join } from 'node:path';\nexport const x = join;\n"],
  ['workflows-types-of-activities', 'workflows/x.ts', "export { c } from '../activities/c';\n"],
  ['workflows-types-of-schemas', 'workflows/x.ts', "export { a } from '../schemas/a';\n"],
  ['planning-types-of-schemas', 'planning/x.ts', "export { a } from '../schemas/a';\n"],
  ['contracts-packages', 'contracts/x.ts', "export { z } from 'zod';\n"],
  ['trainer-knows-no-definition', 'schemas/trainer-x.ts', "export { d } from './definition';\n"],
  ['workflows-packages', 'workflows/x.ts', "export { z } from 'zod';\n"],
  ['trainer-knows-no-temporal', 'trainer/x.ts', "export { Client } from '@temporalio/client';\n"],
  ['only-runtime-runs-onnx', 'trainer/x.ts', "export { Tensor } from 'onnxruntime-node';\n"],
  ['activities-rooms', 'activities/x.ts', "export { e } from '../trainer/runtime/e';\n"],
  ['trainer-counts-for-planning', 'definitions/x.ts', "export { e } from '../trainer/runtime/e';\n"],
  ['contracts-rooms', 'contracts/x.ts', "export { b } from '../planning/b';\n"],
  ['planning-node', 'planning/x.ts', "import fs from 'fs';\nexport const x = fs;\n"],
  ['report-rooms', 'report/x.ts', "export { c } from '../activities/c';\n"],
  ['examples-rooms', 'examples/x.ts', "export { a } from '../schemas/a';\n"],
  ['examples-compose', 'examples/x.ts', "export { d } from '../workflows/d';\n"],
  ['no-cycles', 'contracts/x.ts', "import { y } from './y';\nexport const x = y;\n"],
  ['everything-resolves', 'contracts/x.ts', "export { nothing } from './nothing';\n"],
];

describe('import law', function () {
  // The cruiser reads every file, on a machine that may be busy with training.
  this.timeout(60_000);

  it('passes lawful files', async () => {
    assert.deepEqual(await cruiseFiles(lawful), []);
  });

  it('catches every kind of wrong import', async () => {
    const files: Record<string, string> = {
      ...lawful,
      'contracts/y.ts': "import { x } from './x-no-cycles';\nexport const y = x;\n",
    };
    const path = (rule: string, file: string): string => file.replace('.ts', `-${rule}.ts`);
    for (const [rule, file, text] of crimes) files[path(rule, file)] = text;
    const found = await cruiseFiles(files);
    for (const [rule, file] of crimes)
      assert.ok(found.includes(`${rule} ${path(rule, file)}`), `${rule}: ${found.join('\n')}`);
  });

  it('holds in this repository, and keeps zod and Node out of everything that workflows load', async () => {
    const { summary, modules } = await cruise(root);
    assert.deepEqual(
      summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
      [],
    );
    assert.ok(
      modules.some(({ source }) => source === 'schemas/definition.ts'),
      'the cruise saw the sources',
    );
    assert.deepEqual(wrongInWorkflows(modules), []);
    assert.deepEqual(folderCycles(modules), []);
    assert.deepEqual(await drawnRooms(), longWays(importsOfRooms(modules)));
  });

  it('finds a cycle of folders', () => {
    const file = (source: string, ...resolved: string[]) => ({
      source,
      dependencies: resolved.map((to) => ({ resolved: to, dependencyTypes: ['type-only'] })),
    });
    const rooms = [file('a/x.ts', 'b/y.ts'), file('b/z.ts', 'a/x.ts'), file('b/y.ts')];
    assert.deepEqual(folderCycles(rooms), ['a → b → a']);
    assert.deepEqual(folderCycles([file('a/b/x.ts', 'a/c/y.ts'), file('a/c/z.ts', 'a/b/w.ts')]), [
      'a/b → a/c → a/b',
    ]);
    // A registry next to its members, which read what is next to it.
    const registry = [file('a/registry.ts', 'a/b/x.ts'), file('a/b/x.ts', 'a/define.ts')];
    assert.deepEqual(folderCycles(registry), []);
  });
});

/** The two entries below the common folder of two files: "a/b/x.ts" and "a/c.ts" are in a/b and a/c.ts. */
function entriesOf(from: string, to: string): readonly [string, string] {
  const [a, b] = [from.split('/'), to.split('/')];
  const parts = a.findIndex((part, at) => part !== b[at]) + 1;
  return [a.slice(0, parts).join('/'), b.slice(0, parts).join('/')];
}

/** Cycles of imports, types included, between files and folders that are next to each other. */
function folderCycles(modules: Cruise['modules']): string[] {
  const imports = new Map<string, Set<string>>();
  const isOwn = (path: string): boolean => path.endsWith('.ts') && !/^test\/|node_modules\//.test(path);
  for (const { source, dependencies } of modules.filter((module) => isOwn(module.source)))
    for (const { resolved } of dependencies.filter((each) => isOwn(each.resolved))) {
      const [from, to] = entriesOf(source, resolved);
      imports.set(from, (imports.get(from) ?? new Set()).add(to));
    }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (entry: string, way: readonly string[]): void => {
    if (way.includes(entry)) cycles.push([...way.slice(way.indexOf(entry)), entry].join(' → '));
    if (done.has(entry)) return;
    done.add(entry);
    for (const next of imports.get(entry) ?? []) visit(next, [...way, entry]);
  };
  for (const entry of imports.keys()) visit(entry, []);
  return cycles;
}

/** Follows what is loaded at run time from workflows/, as a bundler does: type imports vanish. */
function wrongInWorkflows(modules: Cruise['modules']): string[] {
  const bySource = new Map(modules.map((module) => [module.source, module]));
  const loaded = new Set(
    modules.map(({ source }) => source).filter((source) => source.startsWith('workflows/')),
  );
  const wrong: string[] = [];
  for (const source of loaded) {
    if (source.includes('node_modules/')) continue;
    for (const { resolved, dependencyTypes } of bySource.get(source)?.dependencies ?? []) {
      if (dependencyTypes.includes('type-only')) continue;
      loaded.add(resolved);
      if (dependencyTypes.includes('core') || resolved.includes('node_modules/zod/'))
        wrong.push(`${source} → ${resolved}`);
    }
  }
  return wrong;
}

/** Rooms that nearly all others import, and which the drawing leaves out. */
const grounds = ['core', 'contracts', 'schemas', 'host'];

type Arrows = Map<string, Set<string>>;

function importsOfRooms(modules: Cruise['modules']): Arrows {
  const imports: Arrows = new Map();
  const outside = /^(test|bench|scripts|examples|dist|node_modules)\//;
  const roomOf = (path: string): string =>
    outside.test(path) ? '' : path.slice(0, Math.max(0, path.indexOf('/')));
  for (const { source, dependencies } of modules)
    for (const { resolved } of dependencies.filter((each) => each.resolved.endsWith('.ts'))) {
      const [from, to] = [roomOf(source), roomOf(resolved)];
      if (from === '' || to === '' || from === to || grounds.includes(from) || grounds.includes(to)) continue;
      imports.set(from, (imports.get(from) ?? new Set()).add(to));
    }
  return imports;
}

/** "a → b" for each import that no longer way of imports implies. */
function longWays(imports: Arrows): string[] {
  const reaches = (from: string, to: string, without?: string): boolean =>
    [...(imports.get(from) ?? [])].some((next) => next !== without && (next === to || reaches(next, to)));
  const all = [...imports].flatMap(([from, rooms]) => [...rooms].map((to) => [from, to] as const));
  return all
    .filter(([from, to]) => !reaches(from, to, to))
    .map((arrow) => arrow.join(' → '))
    .sort();
}

/** "a → b" for each solid arrow in the drawing of the house. */
async function drawnRooms(): Promise<string[]> {
  const page = await readFile(join(root, 'docs', 'design', 'house.md'), 'utf8');
  const [, drawing = ''] = /```mermaid\n([\s\S]*?)```/.exec(page) ?? [];
  const arrows = [...drawing.matchAll(/^ *(\w+) --> (.+)$/gm)];
  return arrows
    .flatMap(([, from = '', to = '']) => to.split(' & ').map((each) => `${from} → ${each}`))
    .sort();
}
