import { strict as assert } from 'node:assert';
import { assertPlainJson } from '../../../support/plain-json';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { analyzeResults } from '../../../../app/results/analyze-results';
import { parseResults } from '../../../../app/results/results-csv';
import { toResultsDocument, type ResultsDocument } from '../../../../app/results/results-json';
import { BudgetlineError } from '../../../../core/failures';
import { llamaFile } from '../../../support/analysis/llama-table';

const header = 'task,model,budget,sft_fraction,seed,score';
const rules = { equivalenceMargin: 0.02, prices: { sftExample: 0.001, preferencePair: 0.001 } };

function documentOf(text: string, source = 'results.csv', axes: readonly string[] = []): ResultsDocument {
  const { rows, scales, notes } = parseResults(text, source, axes);
  const subjects = analyzeResults(rows, rules).map((analysis) => ({
    analysis,
    scale: scales.get(analysis.task)!,
  }));
  return toResultsDocument({ source, subjects, notes });
}

function refuse(
  lines: readonly string[],
  axes: readonly string[] = [],
  code = 'DATA_INVALID',
): BudgetlineError {
  try {
    parseResults(lines.join('\n'), 'results.csv', axes);
  } catch (error) {
    assert.ok(error instanceof BudgetlineError && error.code === code, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

describe('an invalid table of scores', () => {
  const good = 'gsm8k,llama,100,1,42,29';
  const cases: [string, string[], RegExp][] = [
    ['a word for a score', [header, good, 'gsm8k,llama,100,0.5,42,high'], /line 3, column "score": "high"/],
    ['a fraction above 1', [header, 'gsm8k,llama,100,1.5,42,29'], /line 2, column "sft_fraction": "1.5"/],
    ['an empty score', [header, good, 'gsm8k,llama,500,1,42,'], /line 3, column "score": an empty cell/],
    ['half a row of budget', [header, 'gsm8k,llama,10.5,1,42,29'], /column "budget": "10.5" is not a whole/],
    ['no model', [header, 'gsm8k,,100,1,42,29'], /line 2, column "model": the cell is empty/],
    ['a seed in letters', [header, 'gsm8k,llama,100,1,x,29'], /line 2, column "seed": "x"/],
    ['a score above 100', [header, 'gsm8k,llama,100,1,42,129'], /column "score": "129"/],
    ['a column too few', [header, good, 'gsm8k,llama,100,1,42'], /line 3/],
    ['a missing column', ['task,model,budget,seed,score'], /line 1, column "sft_fraction"/],
    ['the same cell twice', [header, good, '', good], /line 4, column "seed": .* is also in line 2/],
    [
      'a column twice',
      [`${header},score`, `${good},30`],
      /line 1, column "score": the header names it twice/,
    ],
    ['a fraction as a percentage', [header, 'gsm8k,llama,100,75,42,29'], /column "sft_fraction": "75"/],
    ['the base alone', [header, 'gsm8k,llama,0,,,15'], /no row with a budget above 0/],
    ['an open quote', [header, '"gsm8k,llama,100,1,42,29'], /line 2/],
  ];
  for (const [what, lines, message] of cases)
    it(`is named by file, line and column: ${what}`, () => {
      const { message: text, remedy } = refuse(lines);
      assert.match(text, message);
      assert.match(text, /^results\.csv, line /);
      assert.ok(remedy.length > 10);
    });
});

describe('a table of scores', () => {
  it('reads fractions and percentages', () => {
    const percentages = 'a,m,100,1,0,50\na,m,100,0,0,20\na,m,1000,1,0,1';
    const fractions = 'a,m,100,1,0,.50\na,m,100,0,0,.2\na,m,1000,1,0,0.01';
    const [first, second] = [percentages, fractions].map((rows) =>
      parseResults(`${header}\n${rows}`, 'x.csv'),
    );
    assert.deepEqual(first!.rows, second!.rows);
    assert.deepEqual([first!.scales.get('a'), second!.scales.get('a')], [100, 1]);
  });

  it('detects the scale of each task, and reports in it', () => {
    const { best } = documentOf(`${header}\na,m,100,1,0,50\nb,m,100,1,0,0.4`);
    assert.deepEqual(
      best.map((row) => (row as { score: number }).score),
      [50, 0.4],
    );
  });

  it('reads quotes, a byte order mark, columns in any order and case, and no seeds', () => {
    const text =
      '\ufeff"Score", task,MODEL,budget,sft_fraction,note\r\n29,"TL;DR, short",m,100,.25,"a, b"\r\n';
    const { rows, notes } = parseResults(text, 'x.csv');
    assert.deepEqual(
      rows.map(({ task, budget, sftFraction, seed }) => [task, budget, sftFraction, seed]),
      [['TL;DR, short', 100, 0.25, 0]],
    );
    assert.ok(notes.some((note) => note.includes('not read: note')));
  });

  it('reads exports of spreadsheets and data frames: other delimiters, NA, 64.0 as a budget', () => {
    const comma = `${header},n_items\na,m,0,,,.1,NA\na,m,100,.5,NaN,.5,400\n`;
    const semicolon =
      'Task;Model;Budget;SFT fraction;Seed;Score;n items\na;m;0.0;;;.1;\na;m;100.0;.5;0.0;.5;400.0\n';
    const [first, second] = [comma, semicolon].map((text) => parseResults(text, 'x.csv').rows);
    assert.deepEqual(first, second);
    assert.deepEqual(parseResults(semicolon.replaceAll(';', '\t'), 'x.csv').rows, first);
  });

  it('reports mixed scales, and a base model without cells', () => {
    const { notes } = parseResults(`${header}\na,m,100,1,0,.81\na,m,100,0,0,85\na,M,0,,,.1`, 'x.csv');
    assert.ok(
      notes.some((note) => /line 3 has 85, so all are read as percentages, also 0\.81 in line 2/.test(note)),
    );
    assert.ok(notes.some((note) => /^Line 4: the base model of a, M is ignored/.test(note)));
    assert.equal(parseResults(`${header}\na,m,100,1,0,.81\na,m,0,,,.1`, 'x.csv').notes.length, 0);
  });

  it('fails only with a code, for any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (text, headed) => {
        try {
          parseResults(headed ? `${header}\n${text}` : text, 'x.csv');
        } catch (error) {
          assert.ok(error instanceof BudgetlineError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('marks three seeds without items as conditional on the items', () => {
    const seeds = [0, 1, 2].flatMap((seed) => [
      `a,m,1000,1,${seed},${0.5 + seed / 100}`,
      `a,m,1000,0,${seed},${0.2 + seed / 100}`,
      `a,m,1000,.5,${seed},${0.6 - seed / 100}`,
    ]);
    const [analysis] = documentOf([header, ...seeds].join('\n')).analyses;
    assert.equal(analysis!.intervals.basis, 'seeds');
    for (const { score } of analysis!.cells)
      assert.ok(score.low! < score.estimate && score.estimate < score.high!);
    assert.ok(analysis!.verdicts.every(({ pointStatement }) => !pointStatement));
    assert.ok(analysis!.verdicts[1]!.evidence.some((line) => line.includes('base model’s score is unknown')));
  });

  it('decides with seeds, items and the base: 3 × 400 over a mixture that wins', () => {
    const scores: Record<string, number> = { '1': 0.5, '0.5': 0.9, '0.1': 0.8, '0': 0.2 };
    const rows = [0, 1, 2].flatMap((seed) =>
      [100, 1000, 5000].flatMap((budget) =>
        Object.entries(scores).map(([fraction, score]) => {
          const wobble = 0.005 * (seed - 1);
          const value =
            budget === 5000 ? score : fraction === '1' ? score - 0.1 * Math.log10(5000 / budget) : 0.2;
          return `a,m,${budget},${fraction},${seed},${value + wobble},400,${fraction === '0' ? 0.1 : 0.9}`;
        }),
      ),
    );
    const text = [`${header},n_items,well_formed_rate`, 'a,m,0,,,0.1,400,0.1', ...rows].join('\n');
    const verdicts = documentOf(text).verdicts as { claim: string; verdict: string }[];
    assert.deepEqual(verdicts.map(({ claim, verdict }) => `${claim} ${verdict}`).slice(0, 3), [
      'C1 confirmed',
      'C2 confirmed',
      'C3 confirmed',
    ]);
  });
});

describe('a table of scores over further axes', () => {
  const columns = 'task,model,annotator,rank,budget,sft_fraction,seed,score,n_items';
  const cellsOf = (annotator: string, rank: number): string[] =>
    [0, 1, 2].flatMap((seed) =>
      [64, 256].flatMap((budget) =>
        [1, 0.5, 0].map((fraction) => {
          const better = annotator === 'clean' ? fraction : 1 - fraction;
          const score = 0.2 + 0.3 * better + (0.1 * budget) / 256 + 0.01 * seed + rank / 1000;
          return `a,m,${annotator},${rank},${budget},${fraction},${seed},${score.toFixed(4)},400`;
        }),
      ),
    );
  const places = ['clean', 'slip'].flatMap((annotator) => [8, 16].map((rank) => ({ annotator, rank })));
  const base = 'a,m,,,0,,,.1,400';
  const rows = places.flatMap(({ annotator, rank }) => cellsOf(annotator, rank));
  const text = [columns, base, ...rows].join('\n');

  it('is the union of the tables without the axis, each under its own value', () => {
    const found = documentOf(text, 'x.csv', ['annotator', 'Rank']);
    const without = (list: readonly object[]): object[] =>
      list.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'axes')));
    for (const { annotator, rank } of places) {
      const alone = documentOf([columns, base, ...cellsOf(annotator, rank)].join('\n'));
      const axes = { annotator, rank: String(rank) };
      for (const list of [
        'best',
        'regions',
        'diagnoses',
        'verdicts',
        'frontier',
        'transfers',
        'gains',
      ] as const) {
        const here = found[list].filter((row) => isDeepStrictEqual((row as { axes: object }).axes, axes));
        assert.deepEqual(without(here), without(alone[list]), list);
      }
    }
    assert.equal(found.best.length, 8);
    assert.deepEqual(
      found.best.map((row) => (row as { sft_fraction: number }).sft_fraction),
      [1, 1, 1, 1, 0, 0, 0, 0],
    );
  });

  it('compares models only at the same axis values', () => {
    const other = rows.map((row) => row.replace('a,m,', 'a,M,'));
    const { model_transfers: transfers } = documentOf([text, ...other].join('\n'), 'x.csv', [
      'annotator',
      'rank',
    ]);
    // Both directions between two models, four axis values, two budgets, two tolerances.
    assert.equal(transfers.length, 2 * 4 * 2 * 2);
    assert.ok(transfers.every((row) => (row as { share: number }).share === 1));
  });

  it('is refused without --axis, with the cell, both lines, the different columns and the remedy', () => {
    const { message, remedy } = refuse(text.split('\n'));
    assert.match(
      message,
      /line 21, .*the cell a, m, budget 64, fraction 1, seed 0 is also in line 3; .* differ in rank/,
    );
    assert.match(remedy, /--axis rank/);
    assert.match(refuse(text.split('\n'), ['rank']).remedy, /--axis annotator/);
  });

  it('needs a value in every row, and existing columns', () => {
    const blank = refuse([columns, 'a,m,,8,64,1,0,.5,400'], ['annotator']);
    assert.match(blank.message, /line 2, column "annotator": the cell is empty, but an axis needs/);
    assert.match(
      refuse([columns, ...rows], ['Annotators'], 'USAGE').message,
      /The other columns are annotator, rank/,
    );
    assert.match(refuse([columns, ...rows], ['seed'], 'USAGE').message, /"seed" has a fixed meaning/);
  });
});

interface Place {
  readonly task: string;
  readonly budget: number;
  readonly sft_fraction: number;
  readonly score: number;
  readonly kind: string;
  readonly strength: string | null;
  readonly tied: readonly number[];
  readonly claim: string;
  readonly verdict: string;
  readonly points_to: string | null;
  readonly point_statement: boolean;
}

describe('the numbers of the study’s Llama table', () => {
  const found = documentOf(readFileSync(llamaFile, 'utf8'), 'llama.csv');
  const rowsOf = (list: readonly object[], task: string): Place[] =>
    (list as Place[]).filter((row) => row.task === task);

  it('has the best split of every task and budget, in percentages, with ties', () => {
    const winners = (task: string): string[] =>
      rowsOf(found.best, task).map(({ budget, tied, score }) => `${budget}: ${tied.join('=')} ${score}`);
    assert.deepEqual(winners('TL;DR'), [
      '100: 1 33',
      '500: 0.5 56',
      '1000: 0.5 63',
      '5000: 0.25 67',
      '10000: 0.25=0.5 72',
      '20000: 0.25 72',
    ]);
    assert.deepEqual(winners('helpfulness'), [
      '100: 0.75 58',
      '500: 0.5 66',
      '1000: 0.75 65',
      '5000: 0.25=0.5 69',
      '10000: 0.25 70',
    ]);
    assert.deepEqual(winners('IFEval'), [
      '100: 1 49',
      '500: 1 56',
      '1000: 1 62',
      '5000: 0.5 78',
      '10000: 0.5 83',
      '20000: 0.5 87',
    ]);
    assert.deepEqual(winners('GSM8K'), [
      '100: 1 29',
      '500: 1 47',
      '1000: 1 53',
      '5000: 0.5 63',
      '10000: 0.75 67',
      '20000: 0.25 70',
    ]);
  });

  it('points each claim in the direction of the scores, and decides none', () => {
    const points = (task: string): string =>
      rowsOf(found.verdicts, task)
        .map(({ claim, points_to }) => `${claim} ${points_to ?? '–'}`)
        .join(', ');
    // 54 against 56 at 500 is a loss of exactly the equivalence margin.
    assert.equal(points('TL;DR'), 'C1 unclear, C2 for, C3 –, C4 for, C5 unclear');
    assert.equal(points('helpfulness'), 'C1 for, C2 for, C3 –, C4 for, C5 for');
    // Six points in the last doubling with SFT alone, three in the first; as many pairs as demonstrations.
    assert.equal(points('IFEval'), 'C1 for, C2 for, C3 –, C4 against, C5 against');
    // 66 against 65 at 10,000.
    assert.equal(points('GSM8K'), 'C1 for, C2 against, C3 –, C4 for, C5 against');
    for (const { verdict, point_statement } of found.verdicts as Place[])
      assert.ok(verdict === 'not tested' || (verdict === 'undecided' && point_statement));
  });

  it('diagnoses the cold start from scores alone: strong on math, mild or none on style', () => {
    const cold = (task: string): string[] =>
      rowsOf(found.diagnoses, task)
        .filter(({ kind, sft_fraction }) => kind === 'cold-start' && sft_fraction === 0)
        .map(({ budget, strength }) => `${budget} ${strength ?? ''}`);
    assert.deepEqual(cold('GSM8K'), ['1000 moderate', '5000 moderate', '10000 moderate', '20000 strong']);
    assert.deepEqual(cold('helpfulness'), []);
    assert.deepEqual(cold('TL;DR'), ['1000 mild', '5000 mild', '10000 mild', '20000 mild']);
    assert.deepEqual(cold('IFEval'), [
      '500 moderate',
      '1000 moderate',
      '5000 mild',
      '10000 mild',
      '20000 mild',
    ]);
  });

  it('is plain JSON', () => {
    assertPlainJson(found);
  });
});
