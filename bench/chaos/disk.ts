import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A small separate file system, so that filling it fills nothing else. */
export interface SmallDisk {
  fill(): void;
  /** Frees the space again. */
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

/** A tmpfs; undefined if this process may not mount one. */
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
