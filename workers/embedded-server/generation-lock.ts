import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWhole } from '../../host/whole-file';

/**
 * A lock whose holders are numbered: `NAME.<generation>.json`, made whole and exclusively. A dead holder is replaced by
 * making the next number, never by removing its file, so that two processes which both saw it dead cannot both win.
 */
export interface Holding {
  readonly generation: number;
  readonly path: string;
  readonly text: string;
}

const pattern = (name: string): RegExp => new RegExp(`^${name}\\.(\\d+)\\.json$`);

function listGenerations(folder: string, name: string): number[] {
  const found = readdirSync(folder).flatMap((file) => pattern(name).exec(file)?.[1] ?? []);
  return found.map(Number).sort((a, b) => a - b);
}

const pathOf = (folder: string, name: string, generation: number): string =>
  join(folder, `${name}.${generation}.json`);

/** What the newest holder wrote; undefined where nobody has ever held the lock. */
export function readHolding(folder: string, name: string): Holding | undefined {
  mkdirSync(folder, { recursive: true });
  for (;;) {
    const generation = listGenerations(folder, name).at(-1);
    if (generation === undefined) return undefined;
    const path = pathOf(folder, name, generation);
    try {
      return { generation, path, text: readFileSync(path, 'utf8') };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Takes the lock after the holder that was seen dead (or after nobody); undefined where another was quicker. */
export function takeHolding(options: {
  folder: string;
  name: string;
  after: Holding | undefined;
  text: string;
}): Holding | undefined {
  const { folder, name, text } = options;
  const generation = (options.after?.generation ?? 0) + 1;
  const path = pathOf(folder, name, generation);
  if (!createWhole(path, text)) return undefined;
  const generations = listGenerations(folder, name);
  if (generations.at(-1) !== generation) {
    rmSync(path);
    return undefined;
  }
  for (const older of generations.slice(0, -1)) rmSync(pathOf(folder, name, older), { force: true });
  return { generation, path, text };
}

/** Replaces what the holder says of itself, in one step. */
export function rewriteHolding(holding: Holding, text: string): void {
  const partial = `${holding.path}.${process.pid}.partial`;
  writeFileSync(partial, text);
  renameSync(partial, holding.path);
}
