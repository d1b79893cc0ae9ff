import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoreMath } from '../../../tasks';
import { readOracle } from '../../support/oracle';
import { recordsOf } from '../../support/records';
import { call, root } from '../../support/cli/executable';

const data = join(root, 'examples', 'data');
const rowsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);

describe('budgetline score', function () {
  this.timeout(60_000);
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'budgetline-score-'))));
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, rows: readonly unknown[]): string => {
    const path = join(folder, `${name}.jsonl`);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return path;
  };

  it('prints IFEval’s rates as one JSON document, with verdicts on request', async () => {
    const prompts = join(data, 'ifeval', 'prompts.jsonl');
    const answers = rowsOf(prompts).map(({ prompt }) => ({ prompt, response: `"${prompt ?? ''}"` }));
    const words = [
      'score',
      'instruction-following',
      '--prompts',
      prompts,
      '--responses',
      write('i', answers),
      '--json',
    ];
    const [short, long] = await Promise.all([call(words), call([...words, '--per-item'])]);
    assert.equal(short.status, 0, short.stderr);
    const { items, ...rates } = JSON.parse(long.stdout) as { items: { key: number; strict: boolean[] }[] };
    assert.deepEqual(JSON.parse(short.stdout), rates);
    assert.deepEqual(
      items.map(({ key }) => key),
      rowsOf(prompts).map(({ key }) => key),
    );
    assert.match(short.stderr, /startend:quotation +\d+ +1\.000/);
  });

  it('prints GSM8K’s accuracies, with verdicts on request', async () => {
    const references = join(data, 'gsm8k', 'test.jsonl');
    const answers = rowsOf(references).map(({ question, answer }, index) => ({
      question,
      response: index === 0 ? 'I do not know' : (answer ?? ''),
    }));
    const responses = write('m', answers);
    const words = ['score', 'grade-school-math', '--references', references, '--responses', responses];
    const { stdout, stderr } = await call([...words, '--json', '--per-item']);
    const score = JSON.parse(stdout) as { strict: number; flexible: number; items: object[] };
    assert.equal(score.strict, 59 / 60, stderr);
    assert.equal(score.flexible, 59 / 60);
    assert.deepEqual(score.items[0], { question: answers[0]?.question, strict: false, flexible: false });
  });

  it('names file and line of a bad row, and ends with EX_DATAERR', async () => {
    const references = join(data, 'gsm8k', 'test.jsonl');
    const responses = write('bad', [{ question: 'Who?', response: '1' }, { question: '' }]);
    const words = ['score', 'grade-school-math', '--references', references, '--responses', responses];
    const { status, stderr, stdout } = await call(words);
    assert.equal(status, 65);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(`${responses}:1: question is none of`), stderr);
    assert.ok(stderr.includes(`${responses}:2: response is missing`), stderr);
    const missing = await call([...words.slice(0, -1), join(folder, 'none.jsonl')]);
    assert.equal(missing.status, 66);
  });
});

describe('GSM8K verdicts', () => {
  it('are those of lm-eval', () => {
    const { cases } = readOracle('gsm8k') as {
      cases: { reference: string; response: string; strict: boolean; flexible: boolean }[];
    };
    cases.forEach(({ reference, response, strict, flexible }) => {
      const rows = (path: string, row: object) => recordsOf(path, [{ question: 'q', ...row }]);
      const files = {
        references: rows('a', { answer: reference }),
        responses: rows('b', { response }),
      };
      const [item] = scoreMath(files).items;
      assert.deepEqual(item, { question: 'q', strict, flexible }, `${reference} ${response}`);
    });
    assert.ok(cases.length > 200);
  });
});
