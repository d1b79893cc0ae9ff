import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './quiet-runtime';
import { ensureServer, stopServers } from '../../workers/embedded-server';
import type { EmbeddedServer } from '../../workers/embedded-server';

let shared: Promise<{ home: string; server: EmbeddedServer }> | undefined;

async function start(): Promise<{ home: string; server: EmbeddedServer }> {
  const home = mkdtempSync(join(tmpdir(), 'budgetline-test-server-'));
  const onProgress = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  return { home, server: await ensureServer({ home, env: process.env, onProgress }) };
}

/** The one real Temporal server of a test run; it is ended when the run ends. */
export async function testServer(): Promise<EmbeddedServer> {
  shared ??= start();
  return (await shared).server;
}

/** Acquiring Temporal through Go takes minutes the first time on a machine. */
export const acquisitionLimitMs = 600_000;

after(async () => {
  if (shared === undefined) return;
  const { home } = await shared;
  await stopServers(home);
  rmSync(home, { recursive: true, force: true });
});
