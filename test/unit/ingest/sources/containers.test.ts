import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { createRandom } from '../../../../core/random';
import { readHeldOut } from '../../../../ingest';
import { gradeSchoolMath } from '../../../../tasks';
import {
  compressions,
  containers,
  encodings,
  fieldsOf,
  lineEnds,
  linesOf,
  makeRecords,
  rowFolder,
  type TextRecord,
} from '../../../support/row-files';

describe('files of records', () => {
  const { read, write } = rowFolder();

  for (const [container, render] of Object.entries(containers))
    it(`reads the same records from ${container}, in every encoding and with every line end, gzipped or not`, async () => {
      for (let seed = 0; seed < 20; seed += 1)
        for (const [endName, end] of Object.entries(lineEnds))
          for (const [encoding, encode] of Object.entries(encodings))
            for (const [compression, compress] of Object.entries(compressions)) {
              const records = makeRecords(seed);
              const bytes = compress(encode(render(records, end)));
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
        [2, 'is not UTF-8, the byte 0xE9 in column 10: save the file as UTF-8'],
        [3, 'read'],
      ],
    );
    assert.deepEqual(linesOf(await read('latin.csv', latin('a,b\n1,2\nGr\u00f6\u00dfe,2\n3,4\n'))), [
      [2, 'read'],
      [3, 'is not UTF-8, the byte 0xF6 in column 3: save the file as UTF-8'],
      [4, 'read'],
    ]);
    const ends = Buffer.concat([Buffer.from('{"a":"caf'), Buffer.from([0xc3])]);
    assert.deepEqual(linesOf(await read('cut.jsonl', ends)), [
      [1, 'is not UTF-8, the byte 0xC3 in column 10: save the file as UTF-8'],
    ]);
    await assert.rejects(read('latin.json', latin('[\n{"a":"caf\u00e9"}]')), {
      code: 'DATA_INVALID',
      message: /latin\.json:2: the line is not UTF-8, the byte 0xE9 in column 10: save the file as UTF-8/,
    });
    await assert.rejects(read('half.jsonl', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x20, 0x00])), {
      code: 'DATA_INVALID',
      message: /not valid UTF-16LE/,
    });
  });

  it('refuses only the line of a byte that is not UTF-8, and makes no U+FFFD', async () => {
    const csv = (rows: readonly TextRecord[]) => containers.csv(rows, '\n');
    const jsonl = (rows: readonly TextRecord[]) => containers.jsonl(rows, '\n');
    for (let seed = 0; seed < 20; seed += 1) {
      const random = createRandom('not-utf8', seed);
      const rows = Array.from({ length: 300 }, (_, at) => ({
        prompt: `Frage ${at} über 我`,
        completion: 'Größe 🙂',
      }));
      const bad = Math.floor(random() * rows.length);
      for (const [name, render, before] of [
        ['a.jsonl', jsonl, 1],
        ['a.csv', csv, 2],
      ] as const) {
        const bytes = Buffer.from(
          render(rows.map((row, at) => (at === bad ? { ...row, completion: 'caf@' } : row))),
        );
        const byte = 0x80 + Math.floor(random() * 0x80);
        bytes[bytes.indexOf('caf@') + 3] = byte;
        const records = await read(name, bytes);
        const lost = linesOf(records).filter(([, outcome]) => outcome !== 'read');
        const reason = `is not UTF-8, the byte 0x${byte.toString(16).toUpperCase()} in column`;
        assert.equal(lost.length, 1);
        assert.equal(lost[0]?.[0], bad + before);
        assert.ok(String(lost[0][1]).startsWith(reason), `${String(lost[0][1])}: ${reason}`);
        assert.deepEqual(
          fieldsOf(records).filter((fields) => typeof fields !== 'string'),
          rows.filter((_, at) => at !== bad),
        );
      }
    }
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

  it('finds every line of a large file, wherever it is read in pieces', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const random = createRandom('large-file', seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
      const ends = pick([['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']]);
      const texts = Array.from({ length: 400 }, () =>
        pick(['', 'ü', '我', '🙂', 'a']).repeat(random() * 500),
      );
      const whole = texts
        .map((text) => JSON.stringify({ text }) + pick(ends) + pick(['', pick(ends)]))
        .join('');
      const editor = whole.split(/\r\n|\n|\r/);
      const expected = editor.flatMap((line, at) =>
        line === '' ? [] : [[at + 1, JSON.parse(line) as object]],
      );
      for (const compress of Object.values(compressions)) {
        const records = await read('large.jsonl', compress(Buffer.from(whole)));
        const fields = fieldsOf(records);
        assert.deepEqual(
          records.map(({ line }, at) => [line, fields[at]]),
          expected,
          `seed ${seed}`,
        );
      }
    }
  });

  it('refuses a gzip file that is cut anywhere', async () => {
    const whole = gzipSync(containers.jsonl(makeRecords(0), '\n'));
    const random = createRandom('cut-gzip', 0);
    for (let count = 0; count < 20; count += 1) {
      const cut = whole.subarray(0, 3 + Math.floor(random() * (whole.length - 4)));
      await assert.rejects(read('cut.csv.gz', cut), { code: 'DATA_INVALID', message: /cut\.csv\.gz/ });
    }
  });

  it('names other compressions by their extensions, and says what to do', async () => {
    for (const name of ['rows.jsonl.zst', 'rows.csv.bz2', 'rows.json.xz', 'rows.zip', 'rows.parquet.br'])
      await assert.rejects(read(name, 'x'), {
        code: 'USAGE',
        message: new RegExp(name),
        remedy: /Decompress other compressions/,
      });
  });

  for (const [container, render] of Object.entries(containers))
    it(`reads problems and held-out prompts from ${container}, gzipped or not`, async () => {
      const rows = Array.from({ length: 6 }, (_, at) => ({
        question: `How many tall trees stand in garden ${at}?`,
        answer: `Count them.\n#### ${at}`,
      }));
      const problems = { train: rows.slice(2), test: rows.slice(0, 2) };
      for (const [compression, compress] of Object.entries(compressions)) {
        const end = compression === 'gz' ? '.gz' : '';
        const bytesOf = (name: keyof typeof problems): Buffer =>
          compress(Buffer.from(render(problems[name], '\n')));
        const set = await gradeSchoolMath.load(
          { source: 'files', train: 'a', test: 'b', validation: 0, stripCalculationAnnotations: true },
          {
            async readRecords(name) {
              const records = await read(`${name}.${container}${end}`, bytesOf(name as 'train'));
              return { path: name, records };
            },
          },
        );
        assert.deepEqual(
          [...set.test, ...set.pool].map(({ target }) => target),
          ['0', '1', '2', '3', '4', '5'],
        );
        assert.equal(new Set(set.pool.map(({ id }) => id)).size, 4, 'ids differ, also on one line');
        const { prompts, overlap } = await readHeldOut(write(`held.${container}${end}`, bytesOf('test')));
        assert.equal(prompts, 2);
        assert.equal(overlap({ text: rows[1]!.question }), 'same text');
      }
    });
});
