import type { BudgetUnit, SweepDefinition } from '../../schemas/definition';
import type { BudgetStanding, SearchRecord } from '../../contracts/results';
import type { Ink } from './ink';
import { formatBudget, formatCount, formatFraction, formatProbability, formatRate } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, wrap } from './text';

function standingRow(standing: BudgetStanding, unit: BudgetUnit): TableCell[] {
  const { axes, budget, sftFraction, confidence, runs, settled } = standing;
  const place = Object.values(axes ?? {}).join(', ');
  const texts = [
    place,
    formatBudget(budget, unit),
    formatFraction(sftFraction),
    formatProbability(confidence),
    formatCount(runs),
  ];
  return [...texts, settled ? 'settled' : 'not settled'].map((text) => ({ text }));
}

function standingTable(standings: readonly BudgetStanding[], unit: BudgetUnit, ink: Ink): string[] {
  if (standings.length === 0) return [];
  return renderTable({
    columns: [
      { title: '' },
      { title: 'budget', right: true },
      { title: 'SFT share' },
      { title: 'P(regret < tolerance)' },
      { title: 'cells', right: true },
      { title: '' },
    ],
    rows: standings.map((standing) => standingRow(standing, unit)),
    head: ink.faint,
  });
}

export interface SearchedSweep {
  readonly search: SearchRecord | undefined;
  readonly definition: SweepDefinition;
}

/** The cells that a search ran, its state and why it stopped; empty for a full grid. */
export function renderSearch({ search, definition }: SearchedSweep, ink: Ink): string[] {
  if (search === undefined) return [];
  const unit = definition.budgetUnit ?? 'rows';
  const { method, rounds, skipped, costFraction, transfers } = search;
  const cost = `${formatRate(costFraction)} of the grid’s estimated device time`;
  const words = `${countOf(rounds.length - 1, 'batch', 'batches')}, ${cost}; ${countOf(skipped, 'cell')} skipped.`;
  const last = rounds.at(-1);
  const transferred = transfers.map(
    ({ budget, share, hit }) =>
      `At ${formatBudget(budget, unit)}${unit === 'rows' ? ' rows' : ''}, ${formatRate(share)} of the small model’s near-optimal region is near-optimal for the large model; its midpoint is${hit ? '' : ' not'}.`,
  );
  return [
    ink.strong(`Search (${method})`),
    ...wrap(`${words} ${last?.reason ?? ''}`, { first: '  ' }),
    ...standingTable(last?.standings ?? [], unit, ink),
    ...transferred.flatMap((sentence) => wrap(sentence, { first: '  ' })),
    '',
  ];
}
