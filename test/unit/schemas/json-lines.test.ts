import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { linesOf, maxLineLength, parseFields, parseRows, streamLines } from '../../../schemas/json-lines';

const mark = '\ufeff';

async function stream(...pieces: string[]): Promise<[number, string][]> {
  const lines: [number, string][] = [];
  const tooLong = (line: number): Error => new Error(`line ${line} is too long`);
  for await (const { line, text } of streamLines(Readable.from(pieces), tooLong)) lines.push([line, text]);
  return lines;
}

describe('JSON Lines of all rooms', () => {
  it('are numbered with their blank lines, which hold no row', () => {
    assert.deepEqual(linesOf(`${mark}1\n\n \r\n2`), [
      { line: 1, text: '1' },
      { line: 4, text: '2' },
    ]);
    assert.deepEqual(linesOf(''), []);
  });

  it('are the same however the text is cut in pieces', async () => {
    const expected = [
      [1, 'one'],
      [2, ''],
      [3, 'three'],
    ];
    assert.deepEqual(await stream(`${mark}one\n\nthree`), expected);
    assert.deepEqual(await stream(...Array.from(`${mark}one\n\nthree\n`)), expected);
    assert.deepEqual(await stream(), []);
  });

  it('end where a line is too long', async () => {
    const half = 'x'.repeat(maxLineLength / 2 + 1);
    await assert.rejects(stream('1\n', half, half), /^Error: line 2 is too long$/);
  });

  it('name file, line and field of a row that the schema rejects', () => {
    const rows = z.object({ id: z.string() });
    const read = (text: string) => parseRows({ path: 'a.jsonl', text, code: 'ARTIFACT_CORRUPT' }, rows);
    assert.deepEqual(read('{"id":"a"}\n'), [{ id: 'a' }]);
    assert.throws(() => read('{"id":"a"}\n\n{"id":1}\n'), {
      code: 'ARTIFACT_CORRUPT',
      message: /^a\.jsonl:3: field "id": /,
      details: { path: 'a.jsonl', line: 3, field: 'id' },
    });
    assert.throws(() => read('{'), { code: 'ARTIFACT_CORRUPT', message: /^a\.jsonl:1: not JSON: / });
  });

  it('hold objects where fields are needed', () => {
    assert.deepEqual(parseFields('{"a":1}'), { fields: { a: 1 } });
    for (const text of ['[1]', 'null', '3'])
      assert.deepEqual(parseFields(text), { fault: 'is not a JSON object' });
    assert.match(JSON.stringify(parseFields('{')), /is not JSON \(/);
  });
});
