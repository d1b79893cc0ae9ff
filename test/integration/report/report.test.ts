import { strict as assert } from 'node:assert';
import { measureLabels } from '../../../contracts/preferences';
import { lossFacts } from '../../../losses/facts';
import type { BuiltInLoss } from '../../../losses/registry';
import { formatCount, formatDuration, formatScore } from '../../../report/format';
import { smoothCurve } from '../../../report/charts/curves';
import { html } from '../../../report/html';
import {
  planEvidence,
  renderReport,
  renderStandalone,
  reportCharts,
  type ReportInput,
} from '../../../report';
import { distinctStages } from '../../../report/stages';
import { searchSection } from '../../../report/sections/search';
import { auxiliaryFixture, hostile, sweepFixture } from '../../support/report/sweep-fixture';

async function drawAll(report: ReportInput): Promise<Record<string, string>> {
  const drawn = reportCharts(report).map(
    async (chart) => [chart.name, await renderStandalone(chart)] as const,
  );
  return Object.fromEntries(await Promise.all(drawn));
}

describe('report', function () {
  // Drawing sixteen charts takes a second, and several on a machine that is busy with training.
  this.timeout(60_000);
  const input = sweepFixture({ items: 60 });
  let text = '';
  before(async () => {
    text = await renderReport(input);
  });

  it('is the same bytes for the same input, drawn twice in one process', async () => {
    assert.equal(await renderReport(input), text);
  });

  it('lets nothing from the data become markup, and refers to nothing outside', () => {
    assert.ok(text.includes('&lt;script&gt;document.title'), 'the planted text is shown, escaped');
    assert.equal(/<(script|img|iframe|object|embed|link|base)\b/i.exec(text), null);
    assert.equal(/\son\w+\s*=\s*["']/i.exec(text.replace(/&[#\w]+;/g, '')), null);
    assert.equal(/(src|xlink:href)\s*=\s*"(?!#)/.exec(text), null);
    assert.equal(/@import|url\((?!#)/.exec(text), null);
  });

  it('lists the trainer’s warnings with their stages', async () => {
    const [first, ...others] = input.result.baseStages;
    const warnings = [{ code: 'OVERLENGTH', message: '3 <rows> were left out.' }];
    const baseStages = [{ ...first!, warnings }, ...others];
    const page = await renderReport({ ...input, result: { ...input.result, baseStages } });
    assert.ok(page.includes(`${first!.title}: 3 &lt;rows&gt; were left out. (OVERLENGTH)`));
    assert.ok(!text.includes('Warnings of the trainer'));
  });

  it('counts dropped rows of files once, however many stages report them', async () => {
    const cells = input.result.cells.map((cell) => ({
      ...cell,
      stages: cell.stages.map((stage) =>
        stage.kind === 'synthesizeData'
          ? { ...stage, metrics: { ...stage.metrics, excluded: 1203, dropped: 1 } }
          : stage,
      ),
    }));
    const page = await renderReport({ ...input, result: { ...input.result, cells } });
    const said = page.replace(/\s+/g, ' ');
    assert.match(said, /1,203 rows of the task’s files were dropped .*; 1 row of an annotation file/s);
    assert.ok(!text.includes('files were dropped'));
  });

  it('names the score by the task’s own metric, in tables and charts', () => {
    assert.equal(input.analysis.metric, 'instructions kept');
    assert.match(text, /<th scope="col" class="number">Instructions kept<\/th>/);
    for (const chart of ['score-by-budget', 'heat-map', 'cost-frontier']) {
      const [, title = ''] =
        new RegExp(`data-chart="${chart}".*?<title[^>]*>(.*?)</title>`, 's').exec(text) ?? [];
      assert.match(title, /^Instructions kept /, chart);
    }
    assert.ok(!text.includes('Accuracy'));
  });

  it('shows the rows that a pipeline bought where they differ from the split', async () => {
    const bought = { demonstrations: 61, pairs: 3 };
    const budgets = input.analysis.budgets.map((budget) => ({ ...budget, bought }));
    const page = await renderReport({ ...input, analysis: { ...input.analysis, budgets } });
    assert.equal(page.split('>61 + 3</').length - 1, budgets.length);
  });

  it('shows auxiliary tasks, and has no such section without one', async () => {
    const auxiliary = [{ ...auxiliaryFixture, name: hostile }];
    const page = await renderReport({ ...input, analysis: { ...input.analysis, auxiliary } });
    const found = page.slice(page.indexOf('<section id="auxiliary"')).split('</section>')[0] ?? '';
    for (const cell of ['Win rate', '0.400', '0.350 to 0.450', 'SFT', '−0.150', '−0.200 to −0.100', 'falls'])
      assert.ok(found.includes(`>${cell}</`), `${cell} in ${found}`);
    assert.ok(found.includes('&lt;script&gt;') && !found.includes('<script'));
    assert.ok(!text.includes('id="auxiliary"'));
  });

  it('shows noise and agreement of labels, escaped', async () => {
    const [first, ...others] = input.result.baseStages;
    const metrics = {
      checked: 200,
      verifierMismatches: 30,
      labelledAgain: 1200,
      labelledAlike: 900,
    };
    const labelled = {
      ...first!,
      kind: 'synthesizeData',
      makes: 'rows',
      rowSource: {
        what: 'demonstrations',
        from: '<i>staff</i>',
        label: 'demonstrations by <i>staff</i>',
      },
      metrics,
      labels: [
        { rows: [[3, 0]], times: 7 },
        { rows: [[1, 2]], times: 3 },
      ],
    } as const;
    const baseStages = [labelled, ...others];
    const page = await renderReport({ ...input, result: { ...input.result, baseStages } });
    const row = /demonstrations by &lt;i&gt;staff&lt;\/i&gt;<\/th>(.*?)<\/tr>/s.exec(page)?.[1] ?? '';
    const cells = [...row.matchAll(/<td[^>]*>\s*(.*?)\s*<\/td>/gs)].map(([, cell]) => cell);
    const alpha = cells.at(-1) ?? '';
    assert.match(alpha, /^0\.\d{3} \(.* to 0\.\d{3}\)$/);
    assert.deepEqual(cells, ['200', '30', '15%', '1,200', '900', '75%', alpha]);
    assert.ok(!text.includes('Label quality'));
    assert.ok(!page.includes('Preference labels'), 'these are demonstrations');
  });

  it('shows ties, refusals and position bias of preference labels', async () => {
    const [first, ...others] = input.result.baseStages;
    const votes = [
      ['first', 'second'],
      ['first', 'first'],
      ['tie', 'refusal'],
    ] as const;
    const measured = measureLabels(votes);
    const labelled = {
      ...first!,
      kind: 'synthesizeData',
      makes: 'rows',
      rowSource: { what: 'pairs', from: 'staff', label: 'preferences by staff' },
      ...measured,
    } as const;
    const baseStages = [labelled, ...others];
    const page = await renderReport({ ...input, result: { ...input.result, baseStages } });
    const table = /Preference labels of the largest dataset(.*?)<\/table>/s.exec(page)?.[1] ?? '';
    const row = /preferences by staff<\/th>(.*?)<\/tr>/s.exec(table)?.[1] ?? '';
    const cells = [...row.matchAll(/<td[^>]*>\s*(.*?)\s*<\/td>/gs)].map(([, cell]) => cell);
    assert.deepEqual(cells, ['6', '1', '1', '0', '75%', '2', '1']);
  });

  it('escapes interpolated text and keeps its own markup', () => {
    assert.equal(
      html`<b title="${'"><x'}">${['<', html`<i>${'&'}</i>`]}</b>`.text,
      '<b title="&quot;&gt;&lt;x">&lt;<i>&amp;</i></b>',
    );
  });

  it('shows every cell, every verdict and the identifiers', () => {
    for (const { budget, sftFraction, score } of input.analysis.cells)
      assert.ok(
        text.includes(formatScore(score.estimate)),
        `${budget.toString()} at ${sftFraction.toString()}`,
      );
    for (const { title, verdict } of input.analysis.verdicts)
      assert.ok(text.includes(title) && text.includes(verdict));
    for (const id of [input.result.sweepId, input.result.ledgerHead ?? '', input.result.definitionDigest])
      assert.ok(text.includes(id));
  });

  it('has no id twice, so that every label refers to its chart', () => {
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });

  it('draws the charts that the data allows, each with a title and a description', async () => {
    const charts = await drawAll(input);
    const names = [
      'score-by-budget',
      'heat-map',
      'cost-frontier',
      'price-sensitivity',
      'cold-start',
      'control',
      'sft-loss',
      'preference-loss',
      'preference-margin',
      'preference-chosen',
    ];
    assert.deepEqual(Object.keys(charts).sort(), names.sort());
    for (const svg of Object.values(charts))
      assert.match(svg, /^<svg role="img" aria-labelledby="[^"]+".*<title .*<desc /);
  });

  it('explains training curves by their loss', async () => {
    const page = (loss: BuiltInLoss): Promise<string> =>
      renderReport({ ...input, loss: lossFacts(loss, undefined) });
    const training = async (loss: BuiltInLoss): Promise<string> =>
      /<section id="training"[^]*?<\/section>/.exec(await page(loss))?.[0] ?? '';
    const dpo = await training({ name: 'sigmoid', beta: 0.1 });
    assert.ok(dpo.includes('DPO: loss') && dpo.includes('ln 2, where the policy is the reference'));
    const simpo = await training({ name: 'simpo', beta: 2, gamma: 0.5 });
    assert.ok(simpo.includes('SimPO: loss') && simpo.includes('this loss has no reference'));
    assert.doesNotMatch(simpo, /ln 2|DPO|than under the reference|Grows from 0/);
    const rpo = await training({ name: 'sigmoid', beta: 0.1, labelSmoothing: 0.2, sftWeight: 1 });
    assert.ok(rpo.includes('Conservative DPO with NLL: loss') && !rpo.includes('ln 2'));
    const ipo = await training({ name: 'ipo', beta: 0.5 });
    assert.ok(ipo.includes('The dotted line is 1.00, where the policy is the reference'));
    assert.doesNotMatch(await page({ name: 'simpo', beta: 2, gamma: 0.5 }), /then DPO on pairs/);
  });

  it('renders without SFT share 0, mixtures, curves or samples', async () => {
    const small = sweepFixture({ budgets: [64], fractions: [1], items: 30 });
    const page = await renderReport({ ...small, training: [], answers: [] });
    assert.ok(page.includes('Not tested: this sweep has no budget with both SFT share 0 and a warm start.'));
    assert.deepEqual(Object.keys(await drawAll({ ...small, training: [] })).sort(), [
      'cost-frontier',
      'heat-map',
      'score-by-budget',
    ]);
  });

  it('renders a sweep in which every cell failed', async () => {
    const { cells } = input.result;
    const failedCells = cells.map(({ cell }) => ({
      cell,
      code: 'RETRIES_SPENT',
      message: 'the disk <full>',
    }));
    const baseFailure = { code: 'IO_FAILED', message: 'The disk.', remedy: 'Look <there>.' };
    const failed = sweepFixture({ items: 30, failedCells, baseFailure });
    const page = await renderReport(failed);
    assert.ok(page.includes('RETRIES_SPENT') && page.includes('the disk &lt;full&gt;'));
    const base = />base<\/th>(.*?)<\/tr>/s.exec(page)?.[1] ?? page;
    assert.match(base, /IO_FAILED.*The disk\..*Look &lt;there&gt;\./s);
  });

  it('counts rows over their length limit, and notes scores near zero', async () => {
    assert.ok(text.includes('nothing was truncated or dropped'));
    const [first, ...cells] = input.result.cells;
    assert.ok(first);
    const stages = first.stages.map((stage) =>
      stage.kind === 'trainSft' ? { ...stage, metrics: { overlengthRows: 1234 } } : stage,
    );
    const long = { ...input, result: { ...input.result, cells: [{ ...first, stages }, ...cells] } };
    assert.match(await renderReport(long), /1,234 rows are\s+longer than the limit/);
    const evaluated = first.stages.map((stage) =>
      stage.kind === 'evaluate' ? { ...stage, metrics: { ...stage.metrics, truncatedPrompts: 7 } } : stage,
    );
    const cut = { ...input.result, cells: [{ ...first, stages: evaluated }, ...cells] };
    assert.match(await renderReport({ ...input, result: cut }), /7 prompts were truncated/);

    const notice = 'Every score is near zero';
    assert.equal(text.includes(notice), false);
    const none = { estimate: 0, low: 0, high: 0.05 };
    const { analysis } = input;
    const zero = {
      ...analysis,
      base: analysis.base && { ...analysis.base, score: none },
      cells: analysis.cells.map((cell) => ({ ...cell, score: none })),
    };
    assert.ok((await renderReport({ ...input, analysis: zero })).includes(notice));
  });

  it('shows pair synthesis, each set once', () => {
    const table = text.slice(text.indexOf('Pair synthesis'));
    const rows = table.slice(0, table.indexOf('</table>')).match(/<th scope="row"/g) ?? [];
    const withPairs = input.result.cells.filter(({ cell }) => cell.pairRows > 0);
    assert.equal(rows.length, withPairs.length);
    const [planned, made] = withPairs.reduce(
      ([expected, calls], { cell: { pairRows } }) => [expected + (4 * pairRows) / 0.4, calls + 16 * pairRows],
      [0, 0],
    );
    const words = table.slice(table.indexOf('</table>')).replace(/\s+/g, ' ');
    assert.ok(
      words.includes(
        `${formatCount(planned)} at the yield that budgets assume (40%), ${formatCount(made)} made. Measured yield: 25%`,
      ),
      words.slice(0, 600),
    );
  });

  it('lists failed controls with reason and remedy', async () => {
    const { analysis } = input;
    const cell = { budget: 256, sftFraction: 0.5, seed: 0 };
    const reason = { code: 'TRAINING_DIVERGED', message: 'The <loss> rose.', remedy: 'Take a smaller one.' };
    const failedControls = [{ kind: 'beta' as const, setting: 'beta × 2', ...cell, ...reason }];
    const page = await renderReport({ ...input, analysis: { ...analysis, failedControls } });
    const found = page.slice(page.indexOf('Controls that did not finish')).split('</table>')[0] ?? '';
    for (const shown of [
      'beta, beta × 2',
      '256',
      'TRAINING_DIVERGED',
      'The &lt;loss&gt; rose.',
      reason.remedy,
    ])
      assert.ok(found.includes(`>${shown}</`), `${shown} in ${found}`);
    assert.ok(!text.includes('Controls that did not finish'));
  });

  it('shows a search; budgets of money in dollars', () => {
    const standings = [{ budget: 1024, sftFraction: 0.5, confidence: 0.93, runs: 3, settled: true }];
    const transfers = [{ budget: 1024, share: 1, hit: true }];
    const rounds = [{ ids: [], standings, reason: 'Done.' }];
    const search = { method: 'adaptive', rounds, skipped: 5, costFraction: 0.4, transfers } as const;
    const searched = { ...input, result: { ...input.result, search } };
    const rows = searchSection(searched).text;
    assert.ok(
      rows.includes('1,024: SFT share 0.5 (0.93)') &&
        rows.includes('At 1,024 rows, 100') &&
        !rows.includes('$'),
    );
    const definition = { ...input.definition, budgetUnit: 'usd' as const };
    const money = searchSection({ ...searched, definition }).text;
    assert.ok(money.includes('$1,024: SFT share 0.5 (0.93)') && money.includes('At $1,024, 100'), money);
  });

  it('links the other places on its axes, and names its own', async () => {
    const here = { ...input.analysis, axes: { annotator: 'clean', 'sft.lora.rank': '8' } };
    const there = { ...input.analysis, axes: { annotator: hostile, 'sft.lora.rank': '8' } };
    const places = [{ analysis: here }, { analysis: there, href: 'report-annotator%3Dx.html' }];
    const page = await renderReport({ ...input, analysis: here, places });
    assert.ok(page.includes('<a href="report-annotator%3Dx.html">'));
    assert.ok(page.includes('<dt>sft.lora.rank</dt>') && !page.includes(hostile));
    assert.ok(!text.includes('id="places"'), 'a sweep without axes has no such section');
  });

  it('counts a shared stage once', () => {
    const shared = input.result.cells[0]?.stages[0];
    assert.ok(shared);
    const twice = { ...input.result, baseStages: [{ ...shared, cached: true }] };
    assert.equal(distinctStages(twice).length, distinctStages(input.result).length - 1);
    assert.equal(distinctStages(twice).find(({ key }) => key === shared.key)?.cached, false);
  });

  it('reads artifacts that the result has', () => {
    const plan = planEvidence(input.result, input.analysis);
    const keys = new Set(distinctStages(input.result).map(({ key }) => key));
    for (const { stageKey } of plan.training) assert.ok(keys.has(stageKey));
    const evaluations = [input.result.base!, ...input.result.cells.map(({ evaluation }) => evaluation)];
    for (const { evaluationKey } of plan.answers)
      assert.ok(evaluations.some(({ key }) => key === evaluationKey));
    assert.deepEqual([...new Set(plan.answers.map(({ name }) => name))].length, plan.answers.length);
  });

  it('smooths without moving a straight line or the ends', () => {
    const line = Array.from({ length: 20 }, (_, index) => 3 * index);
    assert.deepEqual(smoothCurve(line, 4), line);
  });

  it('formats numbers', () => {
    assert.equal(formatCount(1234567), '1,234,567');
    assert.equal(formatScore(-0.0001), '0.000');
    assert.equal(formatScore(-0.25), '−0.250');
    assert.equal(formatDuration(119_700), '2 min 0 s');
    assert.equal(formatDuration(59_600), '59.6 s');
    assert.equal(formatDuration(59_990), '1 min 0 s');
  });
});
