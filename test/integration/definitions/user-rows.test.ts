import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveDefinition, defineSweep, type SweepInput, tryDefinition } from '../../../definitions';
import { BudgetlineError, type FailureCode } from '../../../core/failures';
import { planGrid, makesRows } from '../../../planning';
import { generateSynthetic, gradeSchoolMath, gradeSchoolMathDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { createBench } from '../../support/stage-bench';
import { temporaryFolder } from '../../support/temporary';

const data = { source: 'synthetic', seed: 0, pool: 64, validation: 4, test: 8 } as const;
const synthetic = generateSynthetic(data);
const question = (n: number): string => gradeSchoolMath.leakageText!(synthetic.pool[n]!);
const correct = (n: number): string => gradeSchoolMath.gold(synthetic.pool[n]!).trim();
const origin = { source: 'here', license: 'CC0-1.0' };
const jsonl = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('user rows in a sweep', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  before(() => {
    const solutions = upTo(24).map((n) => ({ prompt: question(n), completion: correct(n) }));
    writeFileSync(folder.at('solutions.jsonl'), jsonl(solutions));
    const pairs = upTo(24).map((n) => ({
      prompt: question(n),
      chosen: correct(n),
      rejected: '1+1=3 #### 0',
    }));
    writeFileSync(folder.at('pairs.jsonl'), jsonl(pairs));
  });
  const own = (demonstrations: object | null, preferences: object | null, further = {}) =>
    ({
      demonstrations: demonstrations ? { ...origin, file: 'solutions.jsonl', ...demonstrations } : undefined,
      preferences: preferences ? { ...origin, file: 'pairs.jsonl', ...preferences } : undefined,
      ...further,
    }) as NonNullable<SweepInput['annotations']>;
  const resolve = (annotations: SweepInput['annotations'], change: Partial<SweepInput> = {}) =>
    resolveDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'own',
        annotator: 'staff',
        data,
        annotations,
        budgets: [8, 16],
        sftFractions: [1, 0.5, 0],
        evaluation: { items: 2, maxNewTokens: 8 },
        ...change,
      }),
      { tasks: builtInTasks, baseDir: folder.path() },
    );
  const refuses = (code: FailureCode, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof BudgetlineError, String(error));
    assert.deepEqual([error.code, words.test(error.message)], [code, true], error.message);
    return true;
  };
  const dataStages = async (annotations: SweepInput['annotations'], change?: Partial<SweepInput>) =>
    (await planGrid(await resolve(annotations, change))).stages.map(({ stage }) => stage).filter(makesRows);

  it('makes one stage per count and use; pairs of a file need no reference, so all warm starts share them', async () => {
    const stages = await dataStages(own({}, {}));
    assert.deepEqual(stages.map(({ rows }) => `${rows.source.what} ${rows.count}`).sort(), [
      ...['user-demonstrations 16', 'user-demonstrations 4', 'user-demonstrations 8'],
      ...['user-preferences 16', 'user-preferences 4', 'user-preferences 8'],
    ]);
    for (const { inputs } of stages) assert.deepEqual(inputs, {});
  });

  it('enters keys by content and use: another file of pairs does not change the keys of demonstrations', async () => {
    const keys = async (annotations: SweepInput['annotations'], what: string) =>
      (await dataStages(annotations)).filter(({ rows }) => rows.source.what === what).map(({ key }) => key);
    writeFileSync(folder.at('other.jsonl'), `\n${readFileSync(folder.at('pairs.jsonl'), 'utf8')}`);
    const [one, other] = [own({}, {}), own({}, { file: 'other.jsonl' })];
    const [demonstrations, preferences] = ['user-demonstrations', 'user-preferences'];
    assert.deepEqual(await keys(one, demonstrations), await keys(other, demonstrations));
    assert.notDeepEqual(await keys(one, preferences), await keys(other, preferences));
    const renamed = own({ source: 'elsewhere', license: 'MIT', usdPerRow: 3 }, {});
    assert.deepEqual(
      await keys(one, demonstrations),
      await keys(renamed, demonstrations),
      'provenance is in no key',
    );
    assert.notDeepEqual(
      await keys(one, demonstrations),
      await keys(own({ applyTaskTemplate: false }, {}, { sharedPrompts: 'allow' }), demonstrations),
    );
  });

  it('refuses fewer rows than a budget asks for, before anything runs', async () => {
    const resolved = await resolve(own({}, null), { budgets: [32], sftFractions: [1] });
    await assert.rejects(
      planGrid(resolved),
      refuses('BUDGET_EXCEEDS_POOL', /takes 32 demonstrations; .* has 24/),
    );
  });

  it('names columns that are not used in the plan', async () => {
    const rows = upTo(4).map((n) => ({
      prompt: question(n),
      completion: correct(n),
      id: n,
      note: n === 2 ? 'x' : '',
    }));
    writeFileSync(folder.at('noted.jsonl'), jsonl(rows));
    const small = { budgets: [4], sftFractions: [1] };
    const { warnings } = await planGrid(await resolve(own({ file: 'noted.jsonl' }, null), small));
    assert.ok(
      warnings.includes('annotations.demonstrations: not used: id (4 rows); note (1 row).'),
      warnings.join('\n'),
    );
  });

  it('refuses columns for a field that no layout has', () => {
    assert.throws(
      () =>
        defineSweep({
          ...gradeSchoolMathDefaults,
          name: 'x',
          annotator: 'x',
          budgets: [4],
          sftFractions: [1],
          annotations: own({ columnMapping: { promt: 'question' } }, null),
        }),
      refuses('DEFINITION_INVALID', /columnMapping.*"promt" is not a field of a row/),
    );
  });

  it('refuses prompts that would be used twice, unless sharedPrompts is "allow"', async () => {
    const large = { budgets: [32], sftFractions: [0.5] };
    await assert.rejects(
      resolve(own({}, {}), large),
      refuses('DATA_INVALID', /seed 0, 8 prompts would be used/),
    );
    await resolve(own({}, {}, { sharedPrompts: 'allow' }), large);
  });

  it('refuses test items by line, or drops them with overlaps: "drop"', async () => {
    const leak = { prompt: gradeSchoolMath.leakageText!(synthetic.test[3]!), completion: '1 #### 1' };
    writeFileSync(folder.at('leak.jsonl'), jsonl([{ prompt: question(1), completion: correct(1) }, leak]));
    await assert.rejects(
      resolve(own({ file: 'leak.jsonl' }, null), { budgets: [1] }),
      refuses(
        'DATA_INVALID',
        /annotations\.demonstrations: .*\n.*leak\.jsonl:2: prompt overlaps a held-out prompt/,
      ),
    );
    const dropping = own({ file: 'leak.jsonl', rowChecks: { overlaps: 'drop' } }, null);
    assert.equal((await resolve(dropping, { budgets: [1], sftFractions: [1] })).userRows?.demonstrations, 1);
  });

  it('names rows that are too long for training, by line, and counts what was left out, when it is planned', async () => {
    const long = { prompt: question(1), completion: `${correct(1)} ${'apples '.repeat(90)}` };
    const [good, bad] = [correct(0), '1+1=3 #### 0'].map((completion) => ({
      prompt: question(0),
      completion,
    }));
    writeFileSync(folder.at('long.jsonl'), jsonl([good, long, good, bad]));
    const definition = defineSweep({
      ...gradeSchoolMathDefaults,
      name: 'long',
      annotator: 'staff',
      data,
      annotations: own({ file: 'long.jsonl', rowChecks: { duplicates: 'drop' } }, null),
      budgets: [1],
      sftFractions: [1],
      sft: { ...gradeSchoolMathDefaults.sft, onOverlength: 'drop' },
      evaluation: { items: 2, maxNewTokens: 8 },
    });
    const options = { tasks: builtInTasks, baseDir: folder.path() };
    const { lengths, userFiles } = await tryDefinition(definition, options);
    const path = folder.at('long.jsonl');
    const left = { dropped: { duplicate: 1 }, mismatches: 1 };
    assert.deepEqual(userFiles, [{ use: 'demonstrations', path, rows: 3, ...left, heldOutPrompts: 12 }]);
    const [rows, references, ...others] = lengths;
    assert.match(
      rows!,
      /^1 of 3 rows have more than 96 tokens \(sft\.maxLength\), at most \d{3}; training drops them/,
    );
    assert.ok(rows!.endsWith(`${folder.at('long.jsonl')}:2.`), rows);
    assert.match(
      references!,
      /^\d+ of 50 reference answers have more than 8 tokens \(evaluation\.maxNewTokens\).* a model cannot reproduce them: /,
    );
    assert.deepEqual(others, []);
  });

  it('names problems of a file, by line, whose prompts or reference answers are too long', async () => {
    const slice = join(__dirname, '../../../examples/data/gsm8k');
    const definition = defineSweep({
      ...gradeSchoolMathDefaults,
      name: 'slice',
      annotator: 'clean',
      data: { source: 'files', train: join(slice, 'train.jsonl'), test: join(slice, 'test.jsonl') },
      budgets: [1],
      sftFractions: [1],
      sft: { ...gradeSchoolMathDefaults.sft, onOverlength: 'truncate' },
      pairs: { ...gradeSchoolMathDefaults.pairs, maxNewTokens: 64 },
      evaluation: { items: 40, maxNewTokens: 900 },
    });
    const { lengths } = await tryDefinition(definition, { tasks: builtInTasks });
    const [pool, samples, prompts, ...others] = lengths;
    assert.match(
      pool!,
      /problems of the pool with their reference answers have more than 96 tokens .*training cuts them .*train\.jsonl:\d+, .* and \d+ more\.$/,
    );
    assert.match(samples!, /reference answers have more than 64 tokens \(pairs\.maxNewTokens\)/);
    assert.match(
      prompts!,
      /of 40 \w+ prompts have more than 124 tokens .*evaluation cuts them on the left: .*\.jsonl:\d+/,
    );
    assert.deepEqual(others, []);
  });

  it('removes test items of an auxiliary task from user rows and from annotated rows', async () => {
    const asked = { key: 1, instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] };
    const tested = jsonl([question(1), question(2)].map((prompt) => ({ ...asked, prompt })));
    writeFileSync(folder.at('asked.jsonl'), tested);
    const test = { source: 'files', test: 'asked.jsonl' } as const;
    const other = { task: 'instruction-following', name: 'asked', items: 2, maxNewTokens: 8, data: test };
    const evaluation = { items: 2, maxNewTokens: 8, auxiliary: [other] };
    const all = { evaluation, budgets: [22], sftFractions: [1] };
    await assert.rejects(
      resolve(own({}, null), all),
      refuses('DATA_INVALID', /solutions\.jsonl:2: prompt overlaps a held-out prompt of asked \(same text\)/),
    );
    const [user] = await dataStages(own({ rowChecks: { overlaps: 'drop' } }, null), all);
    const [annotated] = await dataStages(undefined, { ...all, annotator: 'clean', budgets: [62] });
    const bench = createBench(folder.at('home'), { deps: { tasks: builtInTasks } });
    for (const stage of [user!, annotated!]) {
      const { metrics } = await bench.run(stage);
      assert.equal(metrics['excluded'] ?? metrics['dropped'], 2);
      const { dir } = await bench.store.verify({ kind: 'synthesizeData', key: stage.key });
      const rows = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8');
      assert.deepEqual([rows.includes(question(0)), rows.includes(question(1))], [true, false]);
    }
  });

  it('accepts unpaired answers only with the loss "kto"', async () => {
    const unpaired = upTo(8).map((n) => ({
      prompt: question(n),
      completion: correct(n),
      label: n % 2 === 0,
    }));
    writeFileSync(folder.at('unpaired.jsonl'), jsonl(unpaired));
    const annotator = 'clean';
    const annotations = own(null, { file: 'unpaired.jsonl', kind: 'unpaired' });
    await assert.rejects(
      resolve(annotations, { annotator }),
      refuses('DEFINITION_INVALID', /preference\.loss is not "kto"/),
    );
    const preference = { ...gradeSchoolMathDefaults.preference, loss: { name: 'kto' as const, beta: 0.1 } };
    const change = {
      annotator,
      preference,
      budgets: [8],
      sftFractions: [0.5],
    } as Partial<SweepInput>;
    const resolved = await resolve(annotations, change);
    assert.equal(resolved.userRows?.preferences, 8);
    assert.deepEqual(
      (await planGrid(resolved)).controls.winnerControls,
      [],
      'they have no chosen answers to learn from',
    );
  });

  it('puts questions into the task’s template, from messages too, and scores them with its verifier', async () => {
    const turns = (n: number, answer: string) => [
      { role: 'user', content: question(n) },
      { role: 'assistant', content: answer },
    ];
    const rows = upTo(6).map((n) => ({ messages: turns(n, n === 5 ? '1+1=2 #### 2' : correct(n)) }));
    const stranger = { prompt: 'What is 1+1?', completion: '1+1=2 #### 2' };
    writeFileSync(folder.at('chat.jsonl'), jsonl([...rows, stranger]));
    const small = { budgets: [7], sftFractions: [1] };
    const [stage] = await dataStages(own({ file: 'chat.jsonl', usdPerRow: 0.5 }, null), small);
    const bench = createBench(folder.at('home'), { deps: { tasks: builtInTasks } });
    const { metrics } = await bench.run(stage!);
    assert.deepEqual([metrics['rows'], metrics['checked'], metrics['verifierMismatches']], [7, 6, 1]);
    const { dir, manifest } = await bench.store.verify({ kind: 'synthesizeData', key: stage!.key });
    const written = readFileSync(join(dir, 'demonstrations.jsonl'), 'utf8').trimEnd().split('\n');
    const texts = written.map((line) => JSON.parse(line) as { prompt: string; completion: string });
    const prompts = [...upTo(6).map((n) => synthetic.pool[n]!.prompt), 'Q: What is 1+1?\nA:'];
    assert.deepEqual(texts.map(({ prompt }) => prompt).sort(), prompts.sort());
    assert.ok(texts.every(({ completion }) => completion.startsWith(' ')));
    const text = JSON.stringify(manifest.croissant);
    for (const said of ['"license":"CC0-1.0"', 'Annotated by staff', '$0.5 a row', '"url":"here"'])
      assert.ok(text.includes(said), `${said} in ${text}`);
    await assert.rejects(
      resolve(own({ file: 'chat.jsonl', rowChecks: { verifierMismatches: 'error' } }, null), small),
      refuses('DATA_INVALID', /chat\.jsonl:6: the row disagrees with the verifier/),
    );
  });

  it('reads GSM8K questions with correct and incorrect answers and scores them', async () => {
    const slice = join(__dirname, '../../../examples/data/gsm8k');
    const read = readFileSync(join(slice, 'train.jsonl'), 'utf8').trimEnd().split('\n').slice(0, 6);
    const questions = read.map((line) => JSON.parse(line) as { question: string; answer: string });
    const rows = questions.map(({ question: asked, answer }, n) => ({
      question: asked,
      good: n === 0 ? 'Step 1: no\n#### -99' : answer,
      bad: '#### -99',
    }));
    writeFileSync(folder.at('gsm8k.jsonl'), jsonl(rows));
    const columnMapping = { prompt: 'question', chosen: 'good', rejected: 'bad' };
    const files = {
      source: 'files',
      train: join(slice, 'train.jsonl'),
      test: join(slice, 'test.jsonl'),
    } as const;
    const rowChecks = { verifierMismatches: 'drop', equalPairs: 'drop' } as const;
    const change = {
      annotator: 'clean',
      data: files,
      budgets: [5],
      sftFractions: [0],
    } as Partial<SweepInput>;
    const [stage] = await dataStages(own(null, { file: 'gsm8k.jsonl', columnMapping, rowChecks }), change);
    const bench = createBench(folder.at('home'), { deps: { tasks: builtInTasks } });
    const { metrics } = await bench.run(stage!);
    assert.deepEqual([metrics['rows'], metrics['checked'], metrics['verifierMismatches']], [5, 6, 1]);
    const { dir } = await bench.store.verify({ kind: 'synthesizeData', key: stage!.key });
    const first = readFileSync(join(dir, 'pairs.jsonl'), 'utf8').split('\n')[0] ?? '';
    assert.match(
      (JSON.parse(first) as { prompt: string }).prompt,
      /^Solve the problem\..*Question: .*\nAnswer:\n$/s,
    );
  });
});
