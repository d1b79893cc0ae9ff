import assert from 'node:assert/strict';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { BudgetlineError } from '../../../core/failures';
import {
  type AnnotationRow,
  ingestFile,
  type IngestOptions,
  readHeldOut,
  type RowFault,
} from '../../../ingest';
import { temporaryFolder } from '../../support/temporary';

const folder = temporaryFolder();

function write(name: string, rows: readonly unknown[] | string): string {
  const path = join(folder.path(), name);
  writeFileSync(path, typeof rows === 'string' ? rows : rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

async function ingest(options: IngestOptions) {
  const [rows, faults]: [AnnotationRow[], RowFault[]] = [[], []];
  const summary = await ingestFile(options, {
    onRow: (row) => rows.push(row),
    onFault: (fault) => faults.push(fault),
  });
  return {
    summary,
    rows,
    faults,
    places: faults.map(({ line, field, reason }) => `${line} ${field} ${reason}`),
  };
}

const textsOf = (rows: readonly AnnotationRow[]) => rows.map(({ id: _id, ...texts }) => texts);
const turn = (role: string, content: string) => ({ role, content });

describe('annotations from files', () => {
  it('reads demonstrations as texts and as dialogues', async () => {
    const dialogue = [turn('system', 'Be kind.'), turn('user', 'Hi'), turn('assistant', 'Hello!')];
    const path = write('d.jsonl', [{ prompt: 'p', completion: 'c' }, { messages: dialogue }]);
    const { rows, summary } = await ingest({ path, kind: 'demonstrations' });
    assert.deepEqual(textsOf(rows), [
      { prompt: 'p', completion: 'c' },
      { prompt: 'System: Be kind.\n\nUser: Hi\n\nAssistant:', completion: ' Hello!' },
    ]);
    assert.deepEqual([summary.records, summary.rows, summary.refused], [2, 2, 0]);
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['d.jsonl-1', 'd.jsonl-2'],
    );
  });

  it('reads preferences with explicit and implicit prompts, as messages, and ranked', async () => {
    const [hi, yes, no] = [turn('user', 'Hi'), turn('assistant', 'Yes'), turn('assistant', 'No')];
    const path = write('p.jsonl', [
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { chosen: 'User: so?\nAssistant: yes sir', rejected: 'User: so?\nAssistant: yet no' },
      { chosen: [hi, yes], rejected: [hi, no] },
      { prompt: [hi], chosen: [yes], rejected: [no] },
      { prompt: 'r', completions: ['mid', 'best', 'worst'], scores: [2, 5, 1] },
      { prompt: 'r', completions: ['x', 'y', 'z'], ranks: [2, 1, 3] },
    ]);
    const { rows, faults, summary } = await ingest({
      path,
      kind: 'preferences',
      rowChecks: { duplicates: 'drop' },
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(textsOf(rows), [
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { prompt: 'User: so?\nAssistant:', chosen: ' yes sir', rejected: ' yet no' },
      { prompt: 'User: Hi\n\nAssistant:', chosen: ' Yes', rejected: ' No' },
      { prompt: 'r', chosen: 'best', rejected: 'worst' },
      { prompt: 'r', chosen: 'y', rejected: 'z' },
    ]);
    assert.deepEqual(summary.dropped, { duplicate: 1 });
  });

  it('finds the common prefix of two texts in scripts without spaces', async () => {
    const path = write('zh.jsonl', [{ chosen: '问：你好吗？答：很好', rejected: '问：你好吗？答：不好' }]);
    const { rows, places } = await ingest({ path, kind: 'preferences' });
    assert.deepEqual(
      [textsOf(rows), places],
      [[{ prompt: '问：你好吗？答：', chosen: '很好', rejected: '不好' }], []],
    );
  });

  it('maps columns of other names, nested ones too', async () => {
    const path = write('m.jsonl', [{ data: { q: 'p' }, 'good.answer': 'a', bad: 'b', chosen: 7 }]);
    const columnMapping = { prompt: 'data.q', chosen: 'good.answer', rejected: 'bad' };
    const { rows, places } = await ingest({ path, kind: 'preferences', columnMapping });
    assert.deepEqual([textsOf(rows), places], [[{ prompt: 'p', chosen: 'a', rejected: 'b' }], []]);
  });

  it('reads CSV with quoted line breaks and counts lines as an editor does', async () => {
    const text =
      '\ufeffprompt,completion,label\n"two\nlines","a ""b""",1\nx,y,down\nx,y\n\np,,up\nq,r,maybe\n';
    const { rows, places } = await ingest({ path: write('t.csv', text), kind: 'unpaired' });
    assert.deepEqual(textsOf(rows), [
      { prompt: 'two\nlines', completion: 'a "b"', label: true },
      { prompt: 'x', completion: 'y', label: false },
    ]);
    assert.match(
      places.join('\n'),
      /^5 the line has 2 fields where the header has 3\n7 completion is empty\n8 label /,
    );
    const chat = write(
      'chat.csv',
      `messages\n"${JSON.stringify([turn('user', 'u'), turn('assistant', 'a')]).replaceAll('"', '""')}"\n`,
    );
    assert.equal((await ingest({ path: chat, kind: 'demonstrations' })).rows.length, 1);
  });

  it('reads Parquet, nested lists and many row groups', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const count = 3000;
    const numbers = Array.from({ length: count }, (_, index) => index);
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'prompt', data: numbers.map((n) => `question ${n}`), type: 'STRING' },
        { name: 'completion', data: numbers.map((n) => (n === 2500 ? ' ' : `answer ${n}`)), type: 'STRING' },
      ],
      rowGroupSize: 700,
    });
    const path = join(folder.path(), 'd.parquet');
    writeFileSync(path, Buffer.from(buffer));
    const { rows, places } = await ingest({ path, kind: 'demonstrations' });
    assert.equal(rows.length, count - 1);
    assert.deepEqual(textsOf(rows.slice(-1)), [{ prompt: 'question 2999', completion: 'answer 2999' }]);
    assert.deepEqual(places, ['2501 completion is empty']);
  });

  it('reads labels as pandas, spreadsheets and Parquet write them', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const expected = [true, false];
    const labelsOf = async (path: string) => {
      const { rows, places } = await ingest({ path, kind: 'unpaired' });
      assert.deepEqual(places, [], path);
      return rows.map((row) => 'label' in row && row.label);
    };
    for (const [name, [yes, no]] of Object.entries({
      bool: ['True', 'False'],
      float: ['1.0', '0.0'],
      int: ['1', '0'],
      upper: ['TRUE', ' FALSE'],
      words: ['Yes', 'no'],
    }))
      assert.deepEqual(
        await labelsOf(write(`${name}.csv`, `prompt,completion,label\nq,a,${yes}\nr,b,${no}\n`)),
        expected,
      );
    const columns = [
      { type: 'INT64', data: [1n, 0n] },
      { type: 'INT32', data: [1, 0] },
      { type: 'DOUBLE', data: [1, 0] },
      { type: 'BOOLEAN', data: [true, false] },
      { type: 'STRING', data: ['True', 'False'] },
    ] as const;
    for (const { type, data } of columns) {
      const path = join(folder.path(), `${type}.parquet`);
      const columnData = [
        { name: 'prompt', data: ['q', 'r'], type: 'STRING' },
        { name: 'completion', data: ['a', 'b'], type: 'STRING' },
        { name: 'label', data, type },
      ];
      writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData: columnData as never })));
      assert.deepEqual(await labelsOf(path), expected, type);
    }
    const lines = [1, 1.0, '1.0', 'constructor', 2, '', [1], -1].map((label) => ({
      prompt: `p ${String(label)} ${typeof label}`,
      completion: 'c',
      label,
    }));
    const { places } = await ingest({
      path: write('labels.jsonl', lines),
      kind: 'unpaired',
      rowChecks: { duplicates: 'drop' },
    });
    assert.deepEqual(
      places.map((place) => place.split(' ').slice(0, 5).join(' ')),
      [4, 5, 6, 7, 8].map((line) => `${line} label is none of`),
    );
  });

  it('reads ranks of 64 bits in Parquet', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const listOf = (name: string, element: object) => [
      { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', ...element },
    ];
    const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
    const schema = [
      { name: 'root', num_children: 3 },
      { name: 'prompt', repetition_type: 'OPTIONAL', ...text },
      ...listOf('completions', text),
      ...listOf('ranks', { type: 'INT64' }),
    ];
    const columnData = [
      { name: 'prompt', data: ['Q1'] },
      { name: 'completions', data: [['a', 'b', 'c']] },
      { name: 'ranks', data: [[2n, 1n, 3n]] },
    ];
    const path = join(folder.path(), 'ranks.parquet');
    writeFileSync(path, Buffer.from(parquetWriteBuffer({ schema: schema as never, columnData })));
    const { rows, places } = await ingest({ path, kind: 'preferences' });
    assert.deepEqual([textsOf(rows), places], [[{ prompt: 'Q1', chosen: 'b', rejected: 'c' }], []]);
  });

  it('compares texts independently of Unicode composition', async () => {
    const [one, other] = ['café', 'café'.normalize('NFD')];
    assert.notEqual(one, other);
    const path = write('composed.jsonl', [
      { prompt: one, chosen: 'a', rejected: 'b' },
      { prompt: other, chosen: 'a', rejected: 'b' },
      { prompt: 'p', chosen: one, rejected: other },
    ]);
    const { places } = await ingest({ path, kind: 'preferences' });
    assert.deepEqual(places, ['2 the row repeats line 1', '3 rejected is the same text as chosen']);
  });

  it('reports every unusable row with field and remedy', async () => {
    const [hi, yes] = [turn('user', 'Hi'), turn('assistant', 'Yes')];
    const path = write('bad.jsonl', [
      { prompt: 'p', chosen: 'a' },
      { prompt: 'p', chosen: 'a', rejected: 3 },
      { prompt: 'p', chosen: 'a', rejected: ' a ' },
      { prompt: 'p', chosen: '', rejected: 'b' },
      { chosen: 'abc', rejected: 'xyz' },
      { chosen: [hi, yes], rejected: [turn('user', 'Ho'), yes] },
      { chosen: [hi], rejected: [hi, yes] },
      { prompt: 'p', completions: ['a', 'b'], ranks: [1, 1] },
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      [],
      { prompt: 'p', completions: ['a'] },
      { prompt: 'p', completions: ['a', 'b'] },
    ]);
    const { places, faults, summary } = await ingest({ path, kind: 'preferences' });
    const wanted = [
      '1 rejected is missing',
      '2 rejected is not a text',
      '3 rejected is the same text as chosen',
      '4 chosen is empty',
      '5 prompt is missing, and "chosen" and "rejected" have no beginning in common',
      '6 rejected answers another dialogue than "chosen"',
      '7 chosen does not end in an answer of the assistant',
      '8 ranks prefers none of the completions',
      '10 the row repeats line 9',
      '11 the line is not a JSON object',
      '12 completions has fewer than 2 entries',
      '13 ranks is missing',
    ];
    assert.deepEqual(places, wanted);
    assert.equal(summary.refused, 12);
    for (const fault of faults) assert.ok(fault.remedy.endsWith('.') && fault.path === path);
  });

  it('refuses held-out prompts, or drops and counts rows that fail a check', async () => {
    const long = 'one two three four five six seven eight nine ten eleven twelve thirteen';
    const path = write('o.jsonl', [
      { prompt: 'Who is it?', completion: 'me' },
      { prompt: `So ${long} then`, completion: 'x' },
      { prompt: 'fresh', completion: '' },
      { prompt: 'fresh', completion: 'y' },
    ]);
    const items = write('held.jsonl', [{ prompt: 'who IS it' }, { prompt: `And ${long}!` }]);
    const overlaps = [await readHeldOut(items)];
    const strict = await ingest({ path, kind: 'demonstrations', overlaps });
    assert.equal(strict.faults.length, 3);
    const rowChecks = { overlaps: 'drop', emptyCompletions: 'drop' } as const;
    const { summary, rows } = await ingest({ path, kind: 'demonstrations', overlaps, rowChecks });
    assert.deepEqual(textsOf(rows), [{ prompt: 'fresh', completion: 'y' }]);
    assert.deepEqual(summary.dropped, {
      'held-out prompt of held.jsonl: same text': 1,
      'held-out prompt of held.jsonl: same 13-gram': 1,
      'empty completion': 1,
    });
  });

  it('counts how often repeated labels agree', async () => {
    const path = write('l.jsonl', [
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { prompt: 'p', chosen: 'b', rejected: 'a' },
      { prompt: 'p', chosen: 'a', rejected: 'b' },
    ]);
    const { summary } = await ingest({ path, kind: 'preferences', rowChecks: { duplicates: 'drop' } });
    assert.deepEqual(summary.agreement, { compared: 2, alike: 1, patterns: [{ rows: [[2, 1]], times: 1 }] });
  });

  it('refuses files that are missing, truncated or of an unknown format', async () => {
    const refuses = (path: string, code: string) =>
      assert.rejects(
        ingestFile({ path, kind: 'unpaired' }),
        (error) => error instanceof BudgetlineError && error.code === code,
      );
    await refuses(join(folder.path(), 'none.jsonl'), 'INPUT_MISSING');
    await refuses(write('half.parquet', 'PAR1 and no more'), 'DATA_INVALID');
    await refuses(write('x.docx', ''), 'USAGE');
    const { places } = await ingest({ path: write('empty.jsonl', '\n'), kind: 'unpaired' });
    assert.deepEqual(places, ['1 the file holds no rows']);
  });

  it('reports 1,000 unusable rows among 100,000 in one pass, in bounded memory', async function () {
    this.timeout(120_000);
    const path = join(folder.path(), 'large.jsonl');
    const stream = createWriteStream(path);
    const filler = 'word '.repeat(80);
    for (let index = 0; index < 100_000; index += 1)
      stream.write(
        index % 100 === 37
          ? '{"prompt": "no answer"}\n'
          : `${JSON.stringify({ prompt: `${index} ${filler}`, completion: 'yes' })}\n`,
      );
    stream.end();
    await finished(stream);
    const lines: number[] = [];
    let peak = 0;
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    const summary = await ingestFile(
      { path, kind: 'demonstrations' },
      {
        onFault: ({ line }) => lines.push(line),
        onRow({ id }) {
          if (id.endsWith('000')) peak = Math.max(peak, process.memoryUsage().heapUsed - before);
        },
      },
    );
    assert.deepEqual(
      lines,
      Array.from({ length: 1000 }, (_, index) => index * 100 + 38),
    );
    assert.deepEqual([summary.records, summary.rows, summary.refused], [100_000, 99_000, 1000]);
    // The file is 42 MB; a hash per row stays, and garbage that is not collected yet.
    assert.ok(peak < 150e6, `${Math.round(peak / 1e6)} MB`);
  });
});
