import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Places {
  /** Folder of the sources; x.ts is compiled to x.js, x.js.map and x.d.ts in `dist`. */
  readonly root: string;
  readonly dist: string;
  /** Other files of `dist`, by their paths in it. */
  readonly products: readonly string[];
}

const compiledEnding = /\.(?:js|js\.map|d\.ts)$/;

/**
 * Removes outputs of sources that are gone, and returns their paths. If x.ts has become x/index.ts, an old x.js would
 * still be loaded instead. Call it after the new outputs are written, so that nothing is missing in between.
 */
export function removeStaleOutputs({ root, dist, products }: Places): string[] {
  const compiled = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
    (name) => compiledEnding.test(name) && !products.includes(name),
  );
  const stale = compiled.filter((name) => !existsSync(join(root, name.replace(compiledEnding, '.ts'))));
  for (const name of stale) rmSync(join(dist, name), { force: true });
  return stale.sort();
}
