import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingMeanings } from '../../../schemas/audit';

describe('findings in docs/design/audit.md', () => {
  it('are exactly those of the table, with its text', () => {
    const page = readFileSync(join(__dirname, '../../../docs/design/audit.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z]+(?:-[a-z]+)+)` \| (.+) \|$/gm)].map(([, code, text]) => [
      code,
      text,
    ]);
    const verification = rows.filter(([code]) => code !== undefined && code in findingMeanings);
    assert.deepEqual(verification, Object.entries(findingMeanings));
  });
});
