import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { maxLineLength } from '../../../../schemas/json-lines';
import { demonstrationRow } from '../../../../schemas/rows';
import { readJsonLines } from '../../../../trainer/io/jsonl';
import { temporaryFolder } from '../../../support/temporary';

const good = JSON.stringify({ id: 'a', prompt: 'Q:', completion: '1' });

describe('JSON Lines', () => {
  const folder = temporaryFolder();

  async function read(text: string): Promise<number[]> {
    const path = folder.at('rows.jsonl');
    writeFileSync(path, text);
    const lines: number[] = [];
    for await (const { line } of readJsonLines(path, demonstrationRow)) lines.push(line);
    return lines;
  }

  it('counts all lines, with or without a last newline', async () => {
    assert.deepEqual(await read(`${good}\n\n${good}\r\n${good}`), [1, 3, 4]);
    assert.deepEqual(await read(''), []);
  });

  it('keeps characters whole across chunks of the file', async () => {
    const wide = JSON.stringify({ id: 'a', prompt: 'é𝄞'.repeat(100_000), completion: '1' });
    const path = folder.at('wide.jsonl');
    writeFileSync(path, `${wide}\n${wide}\n`);
    for await (const { row } of readJsonLines(path, demonstrationRow))
      assert.equal(row.prompt, 'é𝄞'.repeat(100_000));
  });

  const bad: [string, string, RegExp][] = [
    ['text that is not JSON', '{', /line 2: not JSON/],
    [
      'a field of the wrong type',
      JSON.stringify({ id: 1, prompt: 'a', completion: 'b' }),
      /line 2: field "id"/,
    ],
    [
      'an empty completion',
      JSON.stringify({ id: 'a', prompt: 'a', completion: '' }),
      /line 2: field "completion"/,
    ],
    ['an unknown field', JSON.stringify({ id: 'a', prompt: 'a', completion: 'b', c: 1 }), /line 2.*"c"/],
  ];
  for (const [what, line, message] of bad)
    it(`names file, line and field of ${what}`, async () => {
      await assert.rejects(read(`${good}\n${line}\n`), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'DATA_INVALID');
        assert.match(error.message, /rows\.jsonl/);
        assert.match(error.message, message);
        return true;
      });
    });

  it('refuses a line above the limit', async () => {
    await assert.rejects(read('x'.repeat(maxLineLength + 1_000_000)), /line 1: the line is longer/);
  });

  it('reports a missing file as INPUT_MISSING', async () => {
    const rows = readJsonLines(folder.at('none.jsonl'), demonstrationRow);
    await assert.rejects(rows.next(), { code: 'INPUT_MISSING' });
  });
});
