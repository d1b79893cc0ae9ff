import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopServers } from '../../workers/embedded-server/control';
import { nameServersFolder, serversFolder } from './server-home';

/** Mocha calls it once, before any test and before it starts its processes, which inherit the variable. */
export function mochaGlobalSetup(): void {
  nameServersFolder(mkdtempSync(join(tmpdir(), 'budgetline-test-server-')));
}

export async function mochaGlobalTeardown(): Promise<void> {
  const folder = serversFolder();
  await Promise.all(readdirSync(folder).map((home) => stopServers(join(folder, home))));
  rmSync(folder, { recursive: true, force: true });
}
