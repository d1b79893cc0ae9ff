import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BudgetlineError } from '../../../core/failures';
import type { TaskContext } from '../../../contracts/task';
import { readRecordsFile } from '../../../ingest';
import { gradeSchoolMath } from '../../../tasks';
import { flexibleAnswer, strictAnswer } from '../../../tasks/grade-school-math/grade';
import { textContext } from '../../support/records';
import { temporaryFolder } from '../../support/temporary';

const data = {
  source: 'files',
  train: 'a',
  test: 'b',
  validation: 0,
  stripCalculationAnnotations: true,
} as const;

const row = (question: string, answer = 'It is 1+1=<<1+1=2>>2.\n#### 2'): string =>
  JSON.stringify({ question, answer });

const slice: TaskContext = {
  readRecords: (name) => readRecordsFile(join(__dirname, '../../../examples/data/gsm8k', `${name}.jsonl`)),
};

describe('GSM8K files', () => {
  const folder = temporaryFolder();
  const files = (texts: Record<string, string>): TaskContext => textContext(texts, (name) => folder.at(name));

  it('reads the slice of the examples, whose reference answers are correct', async () => {
    const set = await gradeSchoolMath.load({ ...data, validation: 20 }, slice);
    assert.deepEqual([set.pool.length, set.validation.length, set.test.length], [120, 20, 60]);
    for (const problem of [...set.pool, ...set.validation, ...set.test]) {
      const gold = gradeSchoolMath.gold(problem);
      const assessment = gradeSchoolMath.score(problem, gold, 'stop');
      assert.deepEqual(
        [assessment.score, assessment.wellFormed, assessment.truncated],
        [1, true, false],
        gold,
      );
      assert.equal(assessment.scores['strict'], 1);
      assert.doesNotMatch(gold, /<</);
    }
  });

  it('writes answers as numbered steps, with calculation annotations on request', async () => {
    const context = files({
      train: row('How many?', 'a <<1+1=2>>2\nb\n#### 1,200'),
      test: row('Else?'),
    });
    const gold = async (stripCalculationAnnotations: boolean): Promise<string> => {
      const { pool } = await gradeSchoolMath.load({ ...data, stripCalculationAnnotations }, context);
      assert.ok(pool[0]);
      assert.equal(pool[0].target, '1200');
      return gradeSchoolMath.gold(pool[0]);
    };
    assert.equal(await gold(true), 'Step 1: a 2\nStep 2: b\n#### 1200');
    assert.equal(await gold(false), 'Step 1: a <<1+1=2>>2\nStep 2: b\n#### 1200');
  });

  it('reports file, line and field of every unusable row', async () => {
    const lines = [
      row('fine'),
      'not json',
      '{"question":"q"}',
      '{"question":7,"answer":"#### 1"}',
      row('q', 'no mark'),
    ];
    const context = files({ train: lines.join('\n'), test: '[]\n' });
    await assert.rejects(gradeSchoolMath.load(data, context), (error: unknown) => {
      assert.ok(error instanceof BudgetlineError);
      assert.equal(error.code, 'DATA_INVALID');
      for (const place of [
        'train.jsonl:2: the line',
        'train.jsonl:3: answer',
        'train.jsonl:4: question',
        'train.jsonl:5: answer',
        'test.jsonl:1: the line',
      ]) {
        assert.ok(error.message.includes(folder.at(place)), `${place} in ${error.message}`);
      }
      return true;
    });
  });

  it('lists twenty faults and counts the rest; an empty file is a fault', async () => {
    const context = files({ train: 'x\n'.repeat(33), test: '' });
    await assert.rejects(gradeSchoolMath.load(data, context), (error: unknown) => {
      assert.ok(error instanceof BudgetlineError);
      assert.equal(error.message.match(/jsonl:/g)?.length, 20);
      assert.ok(error.message.startsWith('34 rows') && error.message.endsWith('14 more'), error.message);
      return true;
    });
    const empty = files({ train: row('fine'), test: '\n' });
    await assert.rejects(gradeSchoolMath.load(data, empty), /test\.jsonl:1: the file holds no rows/);
  });

  it('excludes and counts train rows that overlap a test row', async () => {
    const thirteen = 'one two three four five six seven eight nine ten eleven twelve thirteen';
    const train = [row('A cat?'), row('a  CAT'), row('A dog!'), row(`So ${thirteen}, then?`), row('A hen?')];
    const test = [row('a dog'), row(`But ${thirteen}!`)];
    const context = files({ train: train.join('\n'), test: test.join('\n') });
    const { pool, excluded } = await gradeSchoolMath.load(data, context);
    assert.deepEqual(
      pool.map(({ id }) => id),
      ['train-00001', 'train-00005'],
    );
    assert.equal(
      Object.values(excluded).reduce((sum, count) => sum + count, 0),
      3,
    );
  });

  it('keeps rows that differ in signs or marks, and counts duplicates of train and test', async () => {
    const different = [
      'What is 7+5?',
      'What is 7-5?',
      'What is 7*5?',
      'What is -5?',
      'What is 5?',
      'What is 5!?',
    ];
    const texts = [
      ...different,
      'Name a C++ program',
      'Name a C# program',
      'दिन',
      'दीन',
      'What is (1+2)*3?',
      'What is 1+(2*3)?',
    ];
    const [train, test] = [texts.filter((_, n) => n % 2 === 0), texts.filter((_, n) => n % 2 === 1)];
    const rows = (questions: readonly string[]) => questions.map((question) => row(question)).join('\n');
    const context = files({
      train: rows([...train, 'what is 7 + 5']),
      test: rows([...test, 'What is 7−5', 'what IS 7 - 5?']),
    });
    const set = await gradeSchoolMath.load(data, context);
    assert.deepEqual([set.pool.length, set.test.length], [train.length, test.length]);
    assert.deepEqual(set.excluded, { 'duplicate train row': 1, 'duplicate test row': 2 });
  });

  it('refuses annotators that need synthetic problems', async () => {
    const { pool } = await gradeSchoolMath.load(data, slice);
    const annotator = gradeSchoolMath.annotators.find(({ name }) => name === 'slip');
    assert.throws(() => pool[0] && annotator?.demonstrate(pool[0], () => 0), BudgetlineError);
  });
});

describe('GSM8K answer extraction', () => {
  // Texts with the answers that lm-eval extracts.
  const cases: [string, string | undefined, string | undefined][] = [
    ['Step 1: 2+2=4\n#### 4', '4', '4'],
    ['#### 1,234.', '1234', '1234'],
    ['#### $5', undefined, '5'],
    ['The answer is $1,000.50 in all', undefined, '1000.50'],
    ['#### 3\n#### 4', '3', '4'],
    ['#### -7', '-7', '-7'],
    ['it is 7', undefined, '7'],
    ['no number', undefined, undefined],
  ];
  for (const [text, strict, flexible] of cases) {
    it(JSON.stringify(text), () => {
      assert.equal(strictAnswer(text), strict);
      assert.equal(flexibleAnswer(text), flexible);
    });
  }
});
