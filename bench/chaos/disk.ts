import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A small file system of its own, so that filling it fills nothing else. */
export interface SmallDisk {
  fill(): void;
  /** Makes room again. */
  clear(): void;
  unmount(): void;
}

const block = Buffer.alloc(1 << 18);

function writeUntilFull(path: string): void {
  const descriptor = openSync(path, 'a');
  try {
    for (let size = block.length; size >= 4096;) {
      try {
        writeSync(descriptor, block, 0, size);
      } catch {
        size >>= 2;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A tmpfs, where this process may mount one; undefined elsewhere. */
export function mountSmallDisk(folder: string, sizeMb: number): SmallDisk | undefined {
  try {
    const words = ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'budgetline-chaos', folder];
    execFileSync('mount', words, { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    fill: () => writeUntilFull(ballast),
    clear: () => rmSync(ballast, { force: true }),
    unmount: () => void execFileSync('umount', [folder], { stdio: 'ignore' }),
  };
}
