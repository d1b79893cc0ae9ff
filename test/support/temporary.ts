import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder that the running suite removes when it is done. */
export function temporaryFolder(): { path(): string; at(...parts: string[]): string } {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'budgetline-test-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  return { path: () => folder, at: (...parts) => join(folder, ...parts) };
}
