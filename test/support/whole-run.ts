import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopServers } from '../../workers/embedded-server/control';
import { nameServerHome, serverHome } from './server-home';

/** Called by mocha once, before any test and before it starts processes of its own, which inherit the variable. */
export function mochaGlobalSetup(): void {
  nameServerHome(mkdtempSync(join(tmpdir(), 'budgetline-test-server-')));
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopServers(serverHome());
  rmSync(serverHome(), { recursive: true, force: true });
}
