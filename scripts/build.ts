/**
 * Builds dist/: the compiled package, the training executable as one bundled file (it starts a hundred times a sweep,
 * so it loads no TypeScript and few files), and the workflow bundle that workers load. If no source changed since the
 * last complete build, it does nothing.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { replaceFile } from '../host/whole-file';
import { bundleWorkflows } from '../workers/workflow-bundle';
import { removeStaleOutputs } from './stale-outputs';

const root = resolve(__dirname, '..');
const dist = join(root, 'dist');

const { include: sources } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as {
  include: string[];
};
const settings = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.ts',
  'scripts/stale-outputs.ts',
];
const products = ['index.js', 'cli/main.js', 'bin/budgetline-trainer.js', 'workflow-bundle.js'];

function filesOf(source: string): string[] {
  const path = join(root, source);
  if (!statSync(path).isDirectory()) return [source];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(source, name));
}

/** Everything that a build depends on, by content. */
function sourcesDigest(): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of [...settings, ...sources.flatMap(filesOf).sort()])
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

const stampPath = join(dist, '.sources');

function isBuilt(digest: string): boolean {
  const all = [stampPath, ...products.map((product) => join(dist, product))];
  return all.every((path) => existsSync(path)) && readFileSync(stampPath, 'utf8') === digest;
}

function compile(): void {
  const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** A running sweep may start trainers meanwhile, so the old or the new file is there at any moment. */
async function bundleTrainer(): Promise<void> {
  const { buildSync } = await import('esbuild');
  const outfile = join(dist, 'bin', 'budgetline-trainer.js');
  const partial = `${outfile}.partial`;
  buildSync({
    entryPoints: [join(root, 'trainer', 'main.ts')],
    outfile: partial,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    external: ['onnxruntime-node', 'jiti'],
    logLevel: 'error',
  });
  chmodSync(partial, 0o755);
  renameSync(partial, outfile);
  chmodSync(join(dist, 'cli', 'main.js'), 0o755);
}

/** The bundle depends on the sources that workflows may import; it is made again only when they change. */
function workflowSourcesDigest(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const room of ['contracts', 'core', 'losses', 'planning', 'search', 'stages', 'workflows']) {
    const files = readdirSync(join(dist, room), { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files.filter((name) => name.endsWith('.js')))
      hash.update(`${room}/${file}\n`).update(readFileSync(join(dist, room, file)));
  }
  return hash.digest('hex');
}

async function writeWorkflowBundle(): Promise<void> {
  const bundlePath = join(dist, 'workflow-bundle.js');
  const digestPath = join(dist, 'workflow-bundle.sources');
  const digest = workflowSourcesDigest();
  if (existsSync(bundlePath) && existsSync(digestPath) && readFileSync(digestPath, 'utf8') === digest) return;
  const { code } = await bundleWorkflows([]);
  replaceFile(bundlePath, [code]);
  writeFileSync(digestPath, digest);
}

async function main(): Promise<void> {
  const digest = sourcesDigest();
  if (isBuilt(digest)) return;
  mkdirSync(dist, { recursive: true });
  rmSync(stampPath, { force: true });
  compile();
  removeStaleOutputs({ root, dist, products });
  await bundleTrainer();
  await writeWorkflowBundle();
  writeFileSync(stampPath, digest);
}

void main();
