import assert from 'node:assert/strict';
import { createRandom } from '../../../../core/random';
import { ingestFile } from '../../../../ingest';
import { fieldsOf, linesOf, rowFolder } from '../../../support/row-files';

describe('JSON documents', () => {
  const { read, write } = rowFolder();

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
    const others = [{ notes: [1, { no: 'record' }] }, { messages: [{ role: 'user', content: 'no record' }] }];
    for (const other of others)
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

  it('name each record of a line, in ids and in faults', async () => {
    const rows = [{ prompt: 'p', completion: 'c' }, { prompt: 'q' }, { prompt: 'r', completion: 'd' }];
    const path = write('compact.json', JSON.stringify(rows));
    const [ids, faults]: [string[], string[]] = [[], []];
    await ingestFile(
      { path, kind: 'demonstrations' },
      {
        onRow: ({ id }) => ids.push(id),
        onFault: ({ line, field }) => faults.push(`${line} ${field}`),
      },
    );
    assert.deepEqual(ids, ['compact.json-1', 'compact.json-1.3']);
    assert.deepEqual(faults, ['1 completion of record 2 in the line']);
  });

  it('may have one long line', async () => {
    const rows = Array.from({ length: 18 }, (_, at) => ({ text: `${at} ${'x'.repeat(2 ** 20)}` }));
    const found = fieldsOf(await read('long.json', JSON.stringify({ data: rows })));
    assert.deepEqual(found, rows);
  });

  it('are searched in the one list alone', async () => {
    const text = JSON.stringify({
      mixed: [1, { a: 'no record' }],
      nested: { authors: [{ a: 'no record' }] },
      turns: [{ role: 'user', a: 'no record' }],
      data: [{ a: 'record', parts: [{ a: 'part' }] }],
    });
    assert.deepEqual(fieldsOf(await read('dump.json', text)), [{ a: 'record', parts: [{ a: 'part' }] }]);
  });

  it('are refused where they go on after the list', async () => {
    assert.deepEqual(linesOf(await read('more.json', '[{"a":1}],\n{"a":2}')), [
      [1, 'read'],
      [1, 'goes on after the end of the list'],
    ]);
  });

  it('are refused by line and column where an object is not JSON', async () => {
    const texts = {
      3: '{\n"data": [\n{"a": NaN}\n]}',
      2: '{"data":\n[{"a": 1},, {"a": 2}]}',
      4: '{\n"a": "b",\n"c": 1,\n"d" 2\n}',
    };
    for (const [line, text] of Object.entries(texts))
      await assert.rejects(read('wrong.json', text), {
        code: 'DATA_INVALID',
        message: new RegExp(`wrong\\.json:${line}: column \\d+ is not JSON`),
        remedy: /one record a line/,
      });
  });

  it('with one record a line lose the line that is wrong', async () => {
    for (const wrong of ['{"a": NaN}', '{"a"', 'text']) {
      const found = linesOf(await read('lines.json', `{"a":1}\n${wrong}\n{"a":2}\n`));
      assert.deepEqual(
        found.map(([, outcome]) => outcome === 'read'),
        [true, false, true],
      );
      const first = linesOf(await read('lines.json', `{"a":NaN}\n{"a":1}\n{"a":2}\n`));
      assert.deepEqual(
        first.map(([, outcome]) => outcome === 'read'),
        [false, true, true],
      );
    }
  });
});

describe('integers in JSON', () => {
  const { read } = rowFolder();

  it('are exact: text where a number cannot hold them', async () => {
    const random = createRandom('large-integers', 0);
    const digits = (count: number): string =>
      [
        1 + Math.floor(random() * 9),
        ...Array.from({ length: count - 1 }, () => Math.floor(random() * 10)),
      ].join('');
    for (let count = 0; count < 40; count += 1) {
      const literal = `${random() < 0.5 ? '-' : ''}${digits(1 + Math.floor(random() * 30))}`;
      const value = Number.isSafeInteger(Number(literal)) ? Number(literal) : literal;
      const text = `{"id":${literal},"in \\"text ${literal}": "${literal} 9007199254740993","list":[0.5,${literal}]}`;
      const expected = {
        id: value,
        [`in "text ${literal}`]: `${literal} 9007199254740993`,
        list: [0.5, value],
      };
      for (const [name, whole] of Object.entries({ 'a.jsonl': text, 'a.json': `[${text}]` }))
        assert.deepEqual(fieldsOf(await read(name, whole)), [expected], text);
    }
    const fractions = '{"a":0.12345678901234567890,"b":12345678901234567890.5,"c":1e300}';
    assert.deepEqual(fieldsOf(await read('a.jsonl', fractions)), [JSON.parse(fractions)]);
  });
});
