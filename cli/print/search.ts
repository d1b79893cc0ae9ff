import type { BudgetStanding, SearchRecord } from '../../contracts/results';
import type { Ink } from './ink';
import { formatCount, formatFraction, formatRate } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, wrap } from './text';

function standingRow({ axes, budget, sftFraction, confidence, runs, settled }: BudgetStanding): TableCell[] {
  const place = Object.values(axes ?? {}).join(', ');
  const texts = [
    place,
    formatCount(budget),
    formatFraction(sftFraction),
    confidence.toFixed(2),
    formatCount(runs),
  ];
  return [...texts, settled ? 'settled' : 'open'].map((text) => ({ text }));
}

function standingTable(standings: readonly BudgetStanding[], ink: Ink): string[] {
  if (standings.length === 0) return [];
  return renderTable({
    columns: [
      { title: '' },
      { title: 'budget', right: true },
      { title: 'r' },
      { title: 'P(regret is small)' },
      { title: 'cells', right: true },
      { title: '' },
    ],
    rows: standings.map(standingRow),
    head: ink.faint,
  });
}

/** What a search ran of the grid, where it stands and why it ended; nothing for a whole grid. */
export function renderSearch(search: SearchRecord | undefined, ink: Ink): string[] {
  if (search === undefined) return [];
  const { strategy, rounds, leftOut, costShare, transfers } = search;
  const cost = `${formatRate(costShare)} of the grid’s modelled device time`;
  const words = `${countOf(rounds.length - 1, 'batch', 'batches')}, ${cost}; ${countOf(leftOut, 'cell')} left out.`;
  const last = rounds.at(-1);
  const carried = transfers.map(
    ({ budget, share, hit }) =>
      `At ${formatCount(budget)} ${formatRate(share)} of the small model’s near-optimal region is the large one’s too; its midpoint ${hit ? 'lies' : 'does not lie'} in it.`,
  );
  return [
    ink.strong(`Search (${strategy})`),
    ...wrap(`${words} ${last?.reason ?? ''}`, { first: '  ' }),
    ...standingTable(last?.standings ?? [], ink),
    ...carried.flatMap((sentence) => wrap(sentence, { first: '  ' })),
    '',
  ];
}
