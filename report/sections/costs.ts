import { describeTotals } from '../../contracts/run-timeline';
import type { SweepResult } from '../../contracts/results';
import { paidUsd, type StageResult } from '../../contracts/stage';
import { demonstrationPrice, describeOtherPrices, describePrice, orderKinds, pairPrice } from '../../stages';
import { formatBudget, formatCount, formatDuration, formatFraction, formatUsd } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { allResults, distinctStages } from '../stages';
import { section, table } from './parts';

const sum = (stages: readonly StageResult[], pick: (stage: StageResult) => number): number =>
  stages.reduce((total, stage) => total + pick(stage), 0);

/** Each stage once, and the requests for them, each of which paid for itself. */
function costCells(name: string, stages: readonly StageResult[], requests: readonly StageResult[]): string[] {
  return [
    name,
    formatCount(stages.length),
    formatCount(stages.filter(({ cached }) => cached).length),
    formatDuration(sum(stages, ({ cost }) => cost.wallMs)),
    formatDuration(sum(stages, ({ cost }) => cost.cpuMs)),
    formatCount(sum(stages, ({ cost }) => cost.tokens)),
    formatCount(sum(stages, ({ cost }) => cost.verifierCalls)),
    formatCount(sum(stages, ({ cost }) => cost.attempts)),
    formatUsd(paidUsd(requests)),
  ];
}

function stageTable(result: SweepResult): Html {
  const [stages, requests] = [distinctStages(result), allResults(result)];
  const kinds = orderKinds(stages.map(({ kind }) => kind));
  const numbers = [
    'Stages',
    'From the store',
    'Wall time',
    'CPU time',
    'Tokens',
    'Verifier calls',
    'Attempts',
    'Paid',
  ];
  return table({
    caption:
      'Cost of the stages behind the scores of this page; shared stages count once, stages from the store cost nothing',
    columns: [{ title: 'Stage' }, ...numbers.map((title) => ({ title, number: true }))],
    rows: [
      ...kinds.map((kind) => ({
        cells: costCells(
          kind,
          stages.filter((stage) => stage.kind === kind),
          requests.filter((stage) => stage.kind === kind),
        ),
      })),
      { cells: costCells('all', stages, requests), best: true },
    ],
  });
}

function moneyWords({ definition, result, analysis, otherPrices = [] }: ReportInput): Html {
  const alone = result.cells.reduce((total, { annotationUsd }) => total + annotationUsd, 0);
  const dearest = Math.max(0, ...analysis.cells.map(({ annotationUsd }) => annotationUsd));
  return html`<p>
    A demonstration: ${describePrice(demonstrationPrice(definition))}. A pair:
    ${describePrice(pairPrice(definition))}.
    ${otherPrices.length === 0 ? '' : `${describeOtherPrices(otherPrices)} `}At list price, the rows of the
    most expensive cell cost ${formatUsd(dearest)} if bought alone, and those of all cells, each bought alone,
    ${formatUsd(alone)}. Cells share rows, and each row is paid for once. ${spendWords(result)}
  </p>`;
}

/** What the run paid. */
function spendWords({ spend }: SweepResult): string {
  if (spend === undefined) return '';
  const failed = spend.usd === 0 ? '' : ', failed stages included';
  const paid = `This run paid ${formatUsd(spend.usd)} for annotation${failed}. Rows that earlier runs bought cost it nothing.`;
  if (spend.skipped.length === 0) return paid;
  const skipped = spend.skipped.length === 1 ? 'cell, control or test' : 'cells, controls and tests';
  return `${paid} Its spend limit skipped ${formatCount(spend.skipped.length)} ${skipped}.`;
}

/** Rows and remainder of each amount of money. Empty: budgets are rows. */
function purchaseTable({ result }: ReportInput): Html {
  const bought = new Map(
    result.cells.flatMap(({ cell, bought }) =>
      cell.budgetUnit === 'usd'
        ? [[`${cell.budget} ${cell.sftSpendFraction ?? 0}`, { ...cell, bought }] as const]
        : [],
    ),
  );
  if (bought.size === 0) return html``;
  const cells = [...bought.values()].sort((a, b) => a.budget - b.budget || b.sftFraction - a.sftFraction);
  return table({
    caption:
      'Rows bought by share of the money for SFT. Each share buys whole rows; the remainder is what both leave',
    columns: ['Budget', 'SFT share of money', 'Demonstrations', 'Pairs', 'SFT share', 'Remainder'].map(
      (title) => ({
        title,
        number: true,
      }),
    ),
    rows: cells.map((cell) => ({
      cells: [
        formatBudget(cell.budget, 'usd'),
        formatFraction(cell.sftSpendFraction ?? 0),
        formatCount(cell.bought?.demonstrations ?? cell.sftRows),
        formatCount(cell.bought?.pairs ?? cell.pairRows),
        formatFraction(cell.sftFraction),
        formatUsd(cell.remainderUsd ?? 0),
      ],
    })),
  });
}

/** Work of the whole run, failures included; the table has the stages behind scores. */
function workWords({ totals }: ReportInput): Html {
  if (totals === undefined) return html``;
  return html`<p>
    The run by its ledger: ${describeTotals(totals)}. Its attempts took ${formatDuration(totals.workingMs)} in
    total.
  </p>`;
}

/** Time, tokens and money. */
export function costsSection(input: ReportInput): Html {
  const { elapsedMs, serverMs } = input.run;
  const times = [
    ...(elapsedMs === undefined ? [] : [`The run took ${formatDuration(elapsedMs)}`]),
    ...(serverMs === undefined ? [] : [`getting and starting Temporal ${formatDuration(serverMs)}`]),
  ];
  const words = times.length === 0 ? html`` : html`<p>${times.join('; ')}.</p>`;
  return section(
    { id: 'costs', title: 'Costs' },
    words,
    workWords(input),
    stageTable(input.result),
    purchaseTable(input),
    moneyWords(input),
  );
}
