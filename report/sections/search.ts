import type { BudgetUnit } from '../../schemas/definition';
import type { SearchProposal } from '../../contracts/results';
import { formatBudget, formatCount, formatFraction, formatProbability, formatShare } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { section, table } from './parts';

function standingsOf({ standings }: SearchProposal, unit: BudgetUnit): string {
  return standings
    .map(
      ({ axes, budget, sftFraction, confidence }) =>
        `${[...Object.values(axes ?? {}), formatBudget(budget, unit)].join(', ')}: SFT share ${formatFraction(sftFraction)} (${formatProbability(confidence)})`,
    )
    .join('; ');
}

/** A search batch by batch, and why it stopped. Empty: the whole grid was run. */
export function searchSection({ definition, result: { search } }: ReportInput): Html {
  if (search === undefined) return html``;
  const unit = definition.budgetUnit ?? 'rows';
  const { method, rounds, skipped, costFraction } = search;
  return section(
    { id: 'search', title: 'Search' },
    html`<p>
      Method: ${method}. It used ${formatShare(costFraction, 0)} of the whole grid’s modelled device time and
      skipped ${formatCount(skipped)} cells, which the tables show as not run.
    </p>`,
    ...search.transfers.map(
      ({ budget, share, hit }) =>
        html`<p>
          At ${formatBudget(budget, unit)}${unit === 'rows' ? ' rows' : ''}, ${formatShare(share, 0)} of the
          small model’s near-optimal region is in the large one’s; its midpoint ${hit ? 'is' : 'is not'} in
          it.
        </p>`,
    ),
    table({
      caption: 'Batches; in brackets, the probability that the regret is within its tolerance',
      columns: [
        { title: 'Batch', number: true },
        { title: 'Cells', number: true },
        { title: 'Reason', text: true },
        { title: 'Best so far, by budget', text: true },
      ],
      rows: rounds.map((round, index) => ({
        cells: [index + 1, round.ids.length, round.reason, standingsOf(round, unit)],
      })),
    }),
  );
}
