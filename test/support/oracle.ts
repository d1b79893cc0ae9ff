import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a script of test/oracles recorded: NAME.json beside it. */
export function readOracle(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, '../oracles', `${name}.json`), 'utf8'));
}
