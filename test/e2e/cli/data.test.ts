import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary';
import { call } from '../../support/cli/executable';

const folder = temporaryFolder();
const write = (name: string, rows: readonly unknown[]): string => {
  const path = join(folder.path(), name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
};
const rows = [
  { q: 'Why?\u001b[2J', a: 'So.', b: 'No.' },
  { q: 'How?', a: 'Thus.', b: 'Else.' },
];
const flags = ['--kind', 'preferences', '--column-mapping', 'prompt=q,chosen=a,rejected=b'];

describe('budgetline data', function () {
  this.timeout(60_000);

  it('previews rows as the model sees them, with control characters escaped', async () => {
    const { stdout, status } = await call([
      'data',
      'preview',
      write('p.jsonl', rows),
      ...flags,
      '--rows',
      '1',
    ]);
    assert.equal(status, 0, stdout);
    assert.match(
      stdout,
      /p\.jsonl-1\n {2}prompt\n {4}│Why\?\\u001b\[2J\n {2}chosen\n {4}│So\.⏎end\n {2}rejected\n {4}│No\./,
    );
    assert.match(stdout, /2 records of preferences: 2 usable, 0 refused/);
    assert.ok(!stdout.includes('p.jsonl-2'));
  });

  it('previews rows formatted by the task of a definition, with its fields and policies', async () => {
    const example = join(__dirname, '../../../examples');
    const file = join(example, 'data/own-annotations/comparisons.jsonl');
    const of = ['--kind', 'preferences', '--definition', join(example, 'own-annotations.ts')];
    const { stdout, status } = await call(['data', 'preview', file, ...of, '--rows', '1', '--json']);
    assert.equal(status, 0, stdout);
    const { preview, rows: usable } = JSON.parse(stdout) as {
      preview: { prompt: string; chosen: string }[];
      rows: number;
    };
    const first = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as Record<string, unknown>;
    assert.equal(preview[0]!.prompt, `Q: ${String(first['question'])}\nA:`);
    assert.match(preview[0]!.chosen, /^ \S/, 'an answer begins with a space if its prompt ends in a word');
    assert.ok(usable > 1);
    const unnamed = await call(['data', 'preview', write('other.jsonl', rows), ...flags, ...of.slice(2)]);
    assert.match(
      unnamed.stdout,
      /│Q: How\?\n {4}│A:\n/,
      'a file that it does not name is read with the flags',
    );
    const leaking = await call(['data', 'preview', file, ...of, '--held-out', file]);
    assert.equal(leaking.status, 64);
  });

  it('prints the layout that was read, and columns that were not', async () => {
    const alpaca = [
      { instruction: 'Say it.', input: 'In French.', output: 'Oui.', id: 1, source: 'a' },
      { instruction: 'Say no.', input: '', output: 'No.', id: 2 },
    ];
    const words = ['data', 'preview', write('alpaca.jsonl', alpaca), '--kind', 'demonstrations'];
    const { stdout, status } = await call(words);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /│Say it\.\n {4}│\n {4}│In French\.\n/);
    assert.match(stdout, /^read as: Alpaca \(instruction, input, output\), 2 rows$/m);
    assert.match(stdout, /^not used: id \(2 rows\); source \(1 row\)$/m);
    const { unused } = JSON.parse((await call([...words, '--json'])).stdout) as { unused: object };
    assert.deepEqual(unused, { id: 2, source: 1 });
    const mapping = ['--column-mapping', 'prompt=input+instruction,completion=output'];
    const mapped = await call([...words, ...mapping]);
    assert.match(mapped.stdout, /│In French\.\n {4}│\n {4}│Say it\.\n/);
    assert.equal((await call([...words, '--column-mapping', 'promt=instruction'])).status, 64);
  });

  it('drops ties where a policy says so', async () => {
    const ties = [
      { prompt: 'Why?', first: 'So.', second: 'No.', better: 'a' },
      { prompt: 'How?', first: 'So.', second: 'No.', better: 'tie' },
    ];
    const words = ['data', 'preview', write('ties.jsonl', ties), '--kind', 'preferences'];
    const strict = await call(words);
    assert.equal(strict.status, 65);
    assert.match(strict.stdout, /ties\.jsonl:2: better prefers neither answer/);
    const dropped = await call([...words, '--ties', 'drop']);
    assert.equal(dropped.status, 0, dropped.stdout);
    assert.match(dropped.stdout, /1 usable, 0 refused, 1 dropped \(tie\)/);
  });

  it('prints all faults as JSON, and ends with EX_DATAERR', async () => {
    const bad = [...rows, { q: 'x' }, { q: 'y', a: 's', b: 's' }];
    const path = write('bad.jsonl', bad);
    const { stdout, stderr, status } = await call(['data', 'preview', path, ...flags, '--json']);
    assert.equal(status, 65);
    const {
      faults,
      refused,
      rows: usable,
    } = JSON.parse(stdout) as Record<string, unknown> & { faults: { line: number }[] };
    assert.deepEqual([usable, refused, faults.map(({ line }) => line)], [2, 2, [3, 4]]);
    assert.ok(stderr.includes(`${path}:4: rejected is the same text as chosen`), stderr);
    const dropped = await call([
      'data',
      'preview',
      write('eq.jsonl', bad.slice(3)),
      ...flags,
      '--equal',
      'drop',
    ]);
    assert.match(dropped.stdout, /0 usable, 0 refused, 1 dropped \(chosen = rejected\)/);
    assert.equal((await call(['data', 'preview', path, '--kind', 'ratings'])).status, 64);
  });

  it('names rows that are too long for the training of a definition', async () => {
    const path = write('long.jsonl', [
      { prompt: 'p', completion: 'c' },
      { prompt: 'q', completion: 'apples '.repeat(200) },
    ]);
    const definition = join(folder.path(), 'long.ts');
    writeFileSync(
      definition,
      `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
       export default defineSweep({ ...gradeSchoolMathDefaults, name: 'long', annotator: 'us', budgets: [1],
         sftFractions: [1], annotations: { demonstrations: { file: ${JSON.stringify(path)}, source: 'us', license: 'MIT' } },
         sft: { ...gradeSchoolMathDefaults.sft, onOverlength: 'drop' } });`,
    );
    const words = ['data', 'preview', path, '--kind', 'demonstrations', '--definition', definition];
    const { stdout, status } = await call(words);
    assert.equal(status, 0, stdout);
    assert.match(
      stdout.replace(/\s+/g, ' '),
      /1 of 2 rows have more than 96 tokens \(sft\.maxLength\), at most [\d,]+; training drops them \(sft\.onOverlength "drop"\): \S+long\.jsonl:2\./,
    );
    const { long } = JSON.parse((await call([...words, '--json'])).stdout) as { long: { count: number }[] };
    assert.deepEqual(
      long.map(({ count }) => count),
      [1],
    );
  });

  it('says how many held-out prompts the rows were compared with, and which records have none', async () => {
    const path = write('kept.jsonl', rows);
    const items = join(folder.path(), 'items.jsonl');
    const turns = [{ role: 'user', content: 'Where?' }];
    writeFileSync(items, `{"messages": ${JSON.stringify(turns)}}\n{"id": 2}\n{"prompt": \n`);
    const { stdout } = await call(['data', 'preview', path, ...flags, '--held-out', items]);
    assert.ok(stdout.includes(`${items}:3: the line `), stdout);
    assert.match(
      stdout,
      /compared with 1 held-out prompt; 1 record of items\.jsonl has no prompt; 1 record of items\.jsonl cannot be read/,
    );
    const nothing = await call(['data', 'preview', path, ...flags, '--held-out', path]);
    assert.equal(nothing.status, 65);
    assert.match(nothing.stderr, /kept\.jsonl has no held-out prompt: its fields are "q", "a", "b"/);
  });

  it('refuses options without an effect', async () => {
    const path = write('o.jsonl', [{ prompt: 'p', completion: 'c' }]);
    const words = ['data', 'preview', path, '--kind', 'demonstrations'];
    for (const option of ['--equal', '--ties', '--overlap']) {
      const { status, stderr } = await call([...words, option, 'drop']);
      assert.equal(status, 64, stderr);
      assert.match(stderr, new RegExp(`error\\[USAGE\\]: ${option}: `));
    }
    const definition = write('o.ts', []);
    writeFileSync(
      definition,
      `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
       const demonstrations = { file: ${JSON.stringify(path)}, source: 'us', license: 'CC0-1.0' };
       export default defineSweep({ ...gradeSchoolMathDefaults, name: 'o', annotator: 'us', budgets: [1],
         sftFractions: [1], annotations: { demonstrations } });`,
    );
    const said = await call([...words, '--definition', definition, '--duplicates', 'drop']);
    assert.match(said.stderr, /error\[USAGE\]: --duplicates: the definition sets how this file is read/);
  });

  it('imports rows with Croissant metadata, or writes nothing', async () => {
    const out = join(folder.path(), 'taken');
    const where = [
      '--source',
      'https://example.org/pairs',
      '--license',
      'CC-BY-4.0',
      '--annotator',
      'three people',
    ];
    const words = [
      'data',
      'import',
      write('i.jsonl', rows),
      ...flags,
      ...where,
      '--usd-per-row',
      '0.5',
      '--out',
    ];
    const { status, stdout, stderr } = await call([...words, out]);
    assert.equal(status, 0, stdout + stderr);
    const text = readFileSync(join(out, 'rows.jsonl'), 'utf8');
    assert.equal(text.trimEnd().split('\n').length, 2);
    const dataset = JSON.parse(readFileSync(join(out, 'croissant.json'), 'utf8')) as {
      license: string;
      description: string;
      distribution: { sha256: string }[];
      recordSet: { field: { name: string }[] }[];
    };
    assert.equal(dataset.license, 'CC-BY-4.0');
    assert.match(dataset.description, /three people.*\$0\.5 a row/);
    assert.equal(dataset.distribution[0]?.sha256, createHash('sha256').update(text).digest('hex'));
    assert.deepEqual(
      dataset.recordSet[0]?.field.map(({ name }) => name),
      ['id', 'prompt', 'chosen', 'rejected'],
    );
    const again = await call([...words, out]);
    assert.equal(again.status, 64);
    const bad = [
      'data',
      'import',
      write('n.jsonl', [{ q: 1 }]),
      ...flags,
      ...where,
      '--out',
      join(folder.path(), 'none'),
    ];
    assert.equal((await call(bad)).status, 65);
    assert.ok(!existsSync(join(folder.path(), 'none')));
    assert.deepEqual(
      readdirSync(folder.path()).filter((name) => name.includes('partial')),
      [],
    );
  });
});
