import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { readRecords } from '../../../ingest';
import type { SourceRecord } from '../../../ingest/types';
import { compressions, containers, encodings, lineEnds, makeRecords } from '../../support/row-files';
import { temporaryFolder } from '../../support/temporary';

describe('files of records', () => {
  const folder = temporaryFolder();

  async function read(name: string, bytes: string | Buffer): Promise<SourceRecord[]> {
    const path = folder.at(name);
    writeFileSync(path, bytes);
    const records: SourceRecord[] = [];
    for await (const record of readRecords(path)) records.push(record);
    return records;
  }

  const fieldsOf = (records: readonly SourceRecord[]) =>
    records.map((record) => ('fields' in record ? record.fields : record.unreadable));
  const linesOf = (records: readonly SourceRecord[]) =>
    records.map((record) => [record.line, 'fields' in record ? 'read' : record.unreadable]);

  for (const [container, write] of Object.entries(containers))
    it(`reads the same records from ${container}, in every encoding and with every line end, gzipped or not`, async () => {
      for (let seed = 0; seed < 20; seed += 1)
        for (const [endName, end] of Object.entries(lineEnds))
          for (const [encoding, encode] of Object.entries(encodings))
            for (const [compression, compress] of Object.entries(compressions)) {
              const records = makeRecords(seed);
              const bytes = compress(encode(write(records, end)));
              const name = `rows.${container}${compression === 'gz' ? '.gz' : ''}`;
              const found = fieldsOf(await read(name, bytes));
              assert.deepEqual(found, records, `${encoding}, ${endName}, ${compression}, seed ${seed}`);
            }
    }).timeout(60_000);

  it('recognises gzip by its bytes, whatever the name', async () => {
    assert.deepEqual(fieldsOf(await read('plain-name.jsonl', gzipSync('{"a":1}\n'))), [{ a: 1 }]);
    assert.deepEqual(fieldsOf(await read('wrong-name.jsonl.gz', '{"a":1}\n')), [{ a: 1 }]);
  });

  it('refuses a gzip file that is cut or damaged', async () => {
    const whole = gzipSync(JSON.stringify({ text: 'x'.repeat(5_000), more: Array.from(Array(500).keys()) }));
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, 60, 90);
    for (const bytes of [whole.subarray(0, -9), whole.subarray(0, 40), damaged])
      await assert.rejects(read('cut.jsonl.gz', bytes), { code: 'DATA_INVALID', message: /cut\.jsonl\.gz/ });
  });

  it('names other compressions', async () => {
    const kinds = {
      Zstandard: [0x28, 0xb5, 0x2f, 0xfd],
      bzip2: [0x42, 0x5a, 0x68],
      xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
      zip: [0x50, 0x4b, 3, 4],
    };
    for (const [kind, bytes] of Object.entries(kinds))
      await assert.rejects(read('rows.jsonl', Buffer.from([...bytes, 1, 2, 3])), {
        code: 'USAGE',
        message: new RegExp(`compressed with ${kind}`),
      });
    await assert.rejects(read('rows.xlsx', 'x'), { code: 'USAGE', remedy: /may also end in \.gz/ });
  });

  it('names the line, the byte and the column of what is not UTF-8, and reads the rest', async () => {
    const latin = (text: string) => Buffer.from(text, 'latin1');
    assert.deepEqual(
      linesOf(await read('latin.jsonl', latin('{"a":"plain"}\n{"a":"caf\u00e9"}\n{"a":"b"}\n'))),
      [
        [1, 'read'],
        [2, 'is not UTF-8: the byte 0xE9 in column 10'],
        [3, 'read'],
      ],
    );
    assert.deepEqual(linesOf(await read('latin.csv', latin('a,b\n1,2\nGr\u00f6\u00dfe,2\n3,4\n'))), [
      [2, 'read'],
      [3, 'is not UTF-8: the byte 0xF6 in column 3'],
      [4, 'read'],
    ]);
    const ends = Buffer.concat([Buffer.from('{"a":"caf'), Buffer.from([0xc3])]);
    assert.deepEqual(linesOf(await read('cut.jsonl', ends)), [
      [1, 'is not UTF-8: the byte 0xC3 in column 10'],
    ]);
    await assert.rejects(read('latin.json', latin('[\n{"a":"caf\u00e9"}]')), {
      code: 'DATA_INVALID',
      message: /latin\.json:2: the line is not UTF-8: the byte 0xE9 in column 10/,
    });
    await assert.rejects(read('half.jsonl', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x20, 0x00])), {
      code: 'DATA_INVALID',
      message: /not valid UTF-16LE/,
    });
  });

  it('names a line that is too long by its number, and reads the rest', async () => {
    const long = `{"a":"${'x'.repeat(17 * 2 ** 20)}"}`;
    const expected = [
      [1, 'read'],
      [2, 'has more than 16 MiB'],
      [3, 'read'],
    ];
    assert.deepEqual(linesOf(await read('long.jsonl', `{"a":1}\n${long}\n{"a":2}\n`)), expected);
    const csv = await read('long.csv', `a\n1\n${'y'.repeat(17 * 2 ** 20)}\n2\n`);
    assert.deepEqual(
      linesOf(csv),
      expected.map(([line, outcome]) => [Number(line) + 1, outcome]),
    );
  });

  describe('JSON documents', () => {
    it('have records at the lines where these begin', async () => {
      const text = '[\n  {\n    "a": 1\n  },\n  {"a": 2}, {"a": 3},\n\n  {\n"a": 4}\n]\n';
      const found = await read('lines.json', text);
      assert.deepEqual(
        found.map(({ line }) => line),
        [2, 5, 5, 7],
      );
    });

    it('lose the element that is wrong, and no other', async () => {
      const text = '[\n{"a": 1},\n{"a": NaN},\n7,\n{"a": "}], [{"},\n[{"a": 5}],\n{"a" 6},\n{"a": 7}\n]';
      const found = fieldsOf(await read('faults.json', text));
      assert.deepEqual([found[0], found[3], found[6]], [{ a: 1 }, { a: '}], [{' }, { a: 7 }]);
      for (const at of [1, 5]) assert.match(JSON.stringify(found[at]), /^"is not JSON/);
      for (const at of [2, 4]) assert.equal(found[at], 'is not a JSON object');
      assert.equal(found.length, 7);
    });

    it('that are cut lose their last element, and say so', async () => {
      assert.deepEqual(linesOf(await read('cut.json', '[\n{"a": 1},\n{"a": 2}')), [
        [2, 'read'],
        [3, 'read'],
        [3, 'ends before its list is closed'],
      ]);
      const [, second] = linesOf(await read('cut.json', '[\n{"a": 1},\n{"a": "tw'));
      assert.equal(second?.[0], 3);
      assert.match(String(second[1]), /^is not JSON/);
    });

    it('may hold one record, one list of records, or one record a line', async () => {
      const turns = { messages: [{ role: 'user', content: 'q' }] };
      assert.deepEqual(fieldsOf(await read('one.json', JSON.stringify(turns, null, 2))), [turns]);
      const dump = { info: { name: 'x' }, tags: ['a'], rows: [turns, turns] };
      assert.deepEqual(fieldsOf(await read('dump.json', JSON.stringify(dump, null, 2))), [turns, turns]);
      assert.deepEqual(fieldsOf(await read('lines.json', '{"a":1}\n{"a":2}\n')), [{ a: 1 }, { a: 2 }]);
      const beside = [
        { notes: [1, { no: 'record' }] },
        { messages: [{ role: 'user', content: 'no record' }] },
      ];
      for (const other of beside)
        for (const document of [
          { ...other, rows: [turns] },
          { rows: [turns], ...other },
        ])
          assert.deepEqual(fieldsOf(await read('other.json', JSON.stringify(document))), [turns]);
      await assert.rejects(read('two.json', JSON.stringify({ train: [turns], test: [turns] })), {
        code: 'DATA_INVALID',
        message: /more than one list of records: train, test/,
      });
    });
  });

  describe('separated values', () => {
    it('lose the row of a stray quote, and no other', async () => {
      const strays = ['5" pipe,x', 'a,"b"c', '"open,x', 'a,"open', 'x"y"z,1'];
      for (const stray of strays) {
        const found = linesOf(await read('stray.csv', `a,b\n1,2\n${stray}\n3,"four, ""4"""\n5,6\n`));
        const lost = found.filter(([, outcome]) => outcome !== 'read');
        assert.deepEqual(
          lost.map(([line]) => line),
          [3],
          stray,
        );
        assert.match(String(lost[0]?.[1]), /quote/);
        assert.deepEqual(
          found.filter(([, outcome]) => outcome === 'read').map(([line]) => line),
          [2, 4, 5],
          stray,
        );
      }
    });

    it('lose as many rows as have stray quotes, at any place of a long file', async () => {
      for (let seed = 0; seed < 20; seed += 1) {
        const rows = Array.from({ length: 700 }, (_, at) => `${at},"text ""${at}"", more"`);
        const broken = [(seed * 37) % 700, (seed * 101 + 350) % 700];
        for (const at of broken) rows[at] = `${at},a " stray`;
        const found = linesOf(await read('strays.csv', `a,b\n${rows.join('\n')}\n`));
        const lost = found.flatMap(([line, outcome]) => (outcome === 'read' ? [] : [Number(line) - 2]));
        assert.deepEqual(
          lost,
          [...new Set(broken)].sort((a, b) => a - b),
        );
        assert.equal(found.length, 700);
      }
    });

    it('refuse a header with the same name twice', async () => {
      await assert.rejects(read('twice.csv', 'a,b,a\n1,2,3\n'), {
        code: 'DATA_INVALID',
        message: /twice\.csv:1: the header names the column "a" twice/,
      });
    });

    it('have the lines of an editor, with blank lines and cells of several lines', async () => {
      const text = 'a,b\n\n1,"two\nlines"\n\n3,4\n5\n';
      assert.deepEqual(linesOf(await read('editor.csv', text)), [
        [3, 'read'],
        [6, 'read'],
        [7, 'has 1 fields where the header has 2'],
      ]);
    });
  });

  it('reads gzipped Parquet, and whole numbers of 64 bits exactly', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const columnData = [
      { name: 'id', data: [7n, 9007199254740993n], type: 'INT64' as const },
      { name: 'text', data: ['a', 'b'], type: 'STRING' as const },
    ];
    const bytes = Buffer.from(parquetWriteBuffer({ columnData }));
    const expected = [
      { id: 7, text: 'a' },
      { id: '9007199254740993', text: 'b' },
    ];
    assert.deepEqual(fieldsOf(await read('rows.parquet', bytes)), expected);
    assert.deepEqual(fieldsOf(await read('rows.parquet.gz', gzipSync(bytes))), expected);
    await assert.rejects(read('half.parquet', bytes.subarray(0, -20)), { code: 'DATA_INVALID' });
    await assert.rejects(read('half.parquet.gz', gzipSync(bytes).subarray(0, -20)), { code: 'DATA_INVALID' });
  });
});
