import type { MarginalGain, PriceSensitivity } from '../../contracts/analysis/money';
import { describeSwitches } from '../charts/prices';
import type { Chart } from '../charts/render';
import { formatCount } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, number, section, table } from './parts';
import { intervalOf, signedOf } from './scores';

const captions = [
  'The line is the frontier: cells that no cheaper cell reaches, at the prices of this page.',
  'Dots mark the best SFT share at each ratio, dotted lines its changes, bands their 95% intervals, the solid line the ratio at the prices of this page. Scores between measured budgets are interpolated, never extrapolated; no best one is named where an SFT share is missing.',
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
    caption: 'Gain from more rows of one stage while the other’s stay the same',
    columns: [
      { title: 'More' },
      number('From, to'),
      { title: 'Other stage' },
      number('Gain'),
      { title: '95% interval' },
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
  return html`<h3>The best SFT share by the price of a demonstration in pairs</h3>
    <ul>
      ${items}
    </ul>`;
}

/** Prices: the frontier, the best SFT share by price ratio, and marginal gains. */
export async function moneySection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { prices, gains } = chapter.analysis;
  const drawn = await Promise.all(
    charts.map((chart) => chartBlock(chart, captions[chart.name.endsWith('frontier') ? 0 : 1]!)),
  );
  return section(
    chapterHead(chapter, 'money', 'What money buys'),
    ...drawn,
    switchList(prices),
    gainTable(gains),
  );
}
