import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopServers } from '../../workers/embedded-server';

interface TemporaryFolder {
  path(): string;
  at(...parts: string[]): string;
}

/** A fresh folder, removed at the end of the suite, after `tidy`. */
export function temporaryFolder(tidy?: (folder: string) => Promise<unknown>): TemporaryFolder {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budgetline-test-'));
  });
  after(async () => {
    await tidy?.(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return { path: () => folder, at: (...parts) => join(folder, ...parts) };
}

/** A fresh BUDGETLINE_HOME whose Temporal server ends with the suite. */
export const temporaryHome = (): TemporaryFolder => temporaryFolder(stopServers);
