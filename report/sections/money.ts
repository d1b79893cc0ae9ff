import type { MarginalGain, PriceSensitivity } from '../../contracts/analysis';
import { describeSwitches } from '../charts/prices';
import type { Chart } from '../charts/render';
import { formatCount } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, number, section, table } from './parts';
import { intervalOf, signedOf } from './scores';

const captions = [
  'The line joins the cells that no cheaper one reaches, at the prices of this page.',
  'Dots mark the best buy at each ratio, dotted lines where it changes, bands the 95 % interval of that. Scores between measured budgets are interpolated; beyond them no line is drawn, and no best one is named where a fraction is missing.',
];

function gainRow({
  stage,
  otherRows,
  fromRows,
  toRows,
  gain,
  perThousandRows,
  perUsd,
}: MarginalGain): string[] {
  return [
    stage === 'sft' ? 'demonstrations' : 'pairs',
    `${formatCount(fromRows)} to ${formatCount(toRows)}`,
    `${formatCount(otherRows)} ${stage === 'sft' ? 'pairs' : 'demonstrations'}`,
    signedOf(gain),
    intervalOf(gain),
    signedOf(perThousandRows),
    perUsd === null ? '–' : signedOf(perUsd),
  ];
}

function gainTable(gains: readonly MarginalGain[]): Html {
  if (gains.length === 0) return html``;
  const rows = table({
    caption: 'What more rows of one stage bought while the other stage’s stayed as they were',
    columns: [
      { title: 'More' },
      number('From, to'),
      { title: 'Beside' },
      number('Gain'),
      { title: '95 % interval' },
      number('Per 1,000 rows'),
      number('Per dollar'),
    ],
    rows: gains.map((gain) => ({ cells: gainRow(gain) })),
  });
  return html`<details>
    <summary>Marginal gains by stage, ${gains.length} steps</summary>
    ${rows}
  </details>`;
}

function switchList(prices: readonly PriceSensitivity[]): Html {
  if (prices.length === 0) return html``;
  const items = prices.map(
    (one) =>
      html`<li>
        <b>${formatCount(one.money)} pairs’ money.</b>
        ${describeSwitches(one)}
      </li>`,
  );
  return html`<h3>Which fraction to buy as a demonstration costs 0.5 to 10 pairs</h3>
    <ul>
      ${items}
    </ul>`;
}

/** Prices: the frontier of what was run, what changes with the price ratio, and what one more row bought. */
export async function moneySection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { prices, gains } = chapter.analysis;
  const pictures = await Promise.all(
    charts.map((chart) => chartBlock(chart, captions[chart.name.endsWith('frontier') ? 0 : 1]!)),
  );
  return section(
    chapterHead(chapter, 'money', 'What money buys'),
    ...pictures,
    switchList(prices),
    gainTable(gains),
  );
}
