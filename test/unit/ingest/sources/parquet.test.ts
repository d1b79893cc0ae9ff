import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { createRandom } from '../../../../core/random';
import { ingestFile } from '../../../../ingest';
import { fieldsOf, makeRecords, rowFolder, type TextRecord } from '../../../support/row-files';

type Column = Parameters<(typeof import('hyparquet-writer'))['parquetWriteBuffer']>[0]['columnData'][number];
type Schema = Parameters<(typeof import('hyparquet-writer'))['parquetWriteBuffer']>[0]['schema'];

describe('Parquet files', () => {
  const { read, write } = rowFolder();

  async function bytesOf(columnData: Column[], schema?: Schema): Promise<Buffer> {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    return Buffer.from(parquetWriteBuffer({ columnData, schema }));
  }

  /** The values of one column, as they are read. */
  async function valuesOf(column: Column, schema?: Schema): Promise<unknown[]> {
    const records = await read('column.parquet', await bytesOf([column], schema));
    return records.map((record) => ('fields' in record ? record.fields[column.name] : record.unreadable));
  }

  const textColumns = (records: readonly TextRecord[]): Column[] =>
    Object.keys(records[0]!).map((name) => ({
      name,
      data: records.map((record) => record[name]!),
      type: 'STRING',
    }));

  it('have the records of the other formats, gzipped or not', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const records = makeRecords(seed);
      const bytes = await bytesOf(textColumns(records));
      assert.deepEqual(fieldsOf(await read('rows.parquet', bytes)), records);
      assert.deepEqual(fieldsOf(await read('rows.parquet.gz', gzipSync(bytes))), records);
    }
  });

  it('are refused where they are cut, anywhere', async () => {
    const bytes = await bytesOf(textColumns(makeRecords(0)));
    const random = createRandom('cut-parquet', 0);
    for (let count = 0; count < 20; count += 1) {
      const cut = bytes.subarray(0, Math.floor(random() * bytes.length));
      const failure = { code: 'DATA_INVALID', message: /half\.parquet/ };
      await assert.rejects(read('half.parquet', cut), failure);
      await assert.rejects(read('half.parquet.gz', gzipSync(cut)), failure);
    }
    await assert.rejects(read('half.parquet.gz', gzipSync(bytes).subarray(0, -20)), { code: 'DATA_INVALID' });
  });

  it('have whole numbers of 64 bits exactly', async () => {
    const random = createRandom('int64', 0);
    const data = Array.from({ length: 40 }, () => {
      const magnitude =
        BigInt(Math.floor(random() * 2 ** 31)) * BigInt(Math.floor(random() * 2 ** (random() * 32)));
      return random() < 0.5 ? magnitude : -magnitude;
    });
    assert.deepEqual(
      await valuesOf({ name: 'id', data, type: 'INT64' }),
      data.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))),
    );
  });

  it('have values as JSON has them, of every type', async () => {
    const [day, time] = [new Date(86_400_000), new Date(1e12)];
    const columns: [Column, unknown[]][] = [
      [{ name: 'half', data: [1.5, -2], type: 'FLOAT16' }, [1.5, -2]],
      [{ name: 'true', data: [true, false], type: 'BOOLEAN' }, [true, false]],
      [{ name: 'time', data: [time], type: 'TIMESTAMP' }, ['2001-09-09T01:46:40.000Z']],
      [{ name: 'json', data: [{ a: [1] }], type: 'JSON' }, [{ a: [1] }]],
      [
        {
          name: 'uuid',
          data: ['00000000-0000-0000-0000-000000000001'],
          type: 'UUID',
        },
        ['00000000-0000-0000-0000-000000000001'],
      ],
    ];
    for (const [column, expected] of columns) assert.deepEqual(await valuesOf(column), expected, column.name);
    const root = { name: 'root', num_children: 1 };
    assert.deepEqual(
      await valuesOf({ name: 'day', data: [day] }, [
        root,
        { name: 'day', type: 'INT32', converted_type: 'DATE', repetition_type: 'REQUIRED' },
      ]),
      ['1970-01-02T00:00:00.000Z'],
    );
    const large = 9007199254740993n;
    assert.deepEqual(
      await valuesOf({ name: 'map', data: [{ a: 1n, b: large }, {}] }, [
        root,
        { name: 'map', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'MAP' },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'value', type: 'INT64', repetition_type: 'OPTIONAL' },
      ]),
      [{ a: 1, b: String(large) }, {}],
    );
    assert.deepEqual(
      await valuesOf({ name: 'list', data: [[{ role: 'user', at: large }], []] }, [
        root,
        { name: 'list', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 },
        { name: 'role', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'at', type: 'INT64', repetition_type: 'OPTIONAL' },
      ]),
      [[{ role: 'user', at: String(large) }], []],
    );
  });

  it('keep bytes that are not UTF-8 out of texts: the row is refused by field, and no other', async () => {
    const bytes = [
      Buffer.from('An oak.'),
      Buffer.from('Caf\u00e9', 'latin1'),
      Buffer.from('A wren \u{1f426}'),
    ];
    const path = write(
      'binary.parquet',
      await bytesOf([
        { name: 'prompt', data: ['a', 'b', 'c'], type: 'STRING' },
        { name: 'completion', data: bytes.map((each) => new Uint8Array(each)), type: 'BYTE_ARRAY' },
      ]),
    );
    const [texts, faults]: [unknown[], string[]] = [[], []];
    await ingestFile(
      { path, kind: 'demonstrations' },
      {
        onRow: (row) => texts.push('completion' in row && row.completion),
        onFault: ({ line, field, reason }) => faults.push(`${line} ${field} ${reason}`),
      },
    );
    assert.deepEqual(texts, ['An oak.', 'A wren \u{1f426}']);
    assert.deepEqual(faults, ['2 completion is not a text']);
  });
});
