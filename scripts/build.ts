/**
 * Builds dist/: the compiled package, the training executable as one bundled file (it starts a hundred times a sweep,
 * so it loads no TypeScript and few files), and the workflow bundle that workers load.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = resolve(__dirname, '..');
const dist = join(root, 'dist');

function compile(): void {
  const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

function bundleTrainer(): void {
  const outfile = join(dist, 'bin', 'budgetline-trainer.js');
  buildSync({
    entryPoints: [join(root, 'trainer', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  chmodSync(outfile, 0o755);
}

/** The bundle is a function of the sources that workflows may import; it is made again only when they change. */
function workflowSourcesDigest(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const room of ['contracts', 'planning', 'workflows']) {
    const files = readdirSync(join(dist, room), { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files.filter((name) => name.endsWith('.js')))
      hash.update(`${room}/${file}\n`).update(readFileSync(join(dist, room, file)));
  }
  return hash.digest('hex');
}

async function bundleWorkflows(): Promise<void> {
  const bundlePath = join(dist, 'workflow-bundle.js');
  const digestPath = join(dist, 'workflow-bundle.sources');
  const digest = workflowSourcesDigest();
  if (existsSync(bundlePath) && existsSync(digestPath) && readFileSync(digestPath, 'utf8') === digest) return;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(dist, 'workflows', 'index.js'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
  });
  writeFileSync(`${bundlePath}.partial`, code);
  renameSync(`${bundlePath}.partial`, bundlePath);
  writeFileSync(digestPath, digest);
}

async function main(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  compile();
  bundleTrainer();
  await bundleWorkflows();
}

void main();
