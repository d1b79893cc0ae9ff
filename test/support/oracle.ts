import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The record of a script of test/oracles: NAME.json next to it. */
export function readOracle(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, '../oracles', `${name}.json`), 'utf8'));
}
