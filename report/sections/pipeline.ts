import { foundScores } from '../../contracts/auxiliary';
import type { CellResult } from '../../contracts/results';
import { formatBudget, formatCount, formatFraction, formatInterval, formatScore } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { orderedCells } from './order';
import { number, table } from './parts';

const placeColumns = [number('Budget'), number('SFT share'), number('Seed')];

const placeCells = ({ cell }: CellResult): (string | number)[] => [
  formatBudget(cell.budget, cell.budgetUnit ?? 'rows'),
  formatFraction(cell.sftFraction),
  cell.seed,
];

/** Evaluations that a pipeline made and that do not score its cell, e.g. those that decided between two models. */
export function otherEvaluations({ result }: ReportInput): Html {
  const rows = orderedCells(result).flatMap((each) =>
    each.stages
      .filter(({ makes, key }) => makes === 'scores' && key !== each.evaluation.key)
      .flatMap((stage) =>
        foundScores(stage).map(({ auxiliary, items, score, low, high }) => ({
          cells: [
            ...placeCells(each),
            stage.title,
            auxiliary ?? 'task',
            formatScore(score),
            formatInterval({ low, high }),
            formatCount(items),
          ],
        })),
      ),
  );
  if (rows.length === 0) return html``;
  const columns = [
    ...placeColumns,
    ...[{ title: 'Evaluation' }, { title: 'Task' }, number('Score')],
    ...[{ title: '95% interval' }, number('Items')],
  ];
  return table({ caption: 'Other evaluations of the pipeline; they do not score the cells', columns, rows });
}

/** The stages that the user's pipeline ran in each cell. */
export function stagesOfCells({ definition, result }: ReportInput): Html {
  if (definition.pipeline === undefined) return html``;
  const rows = orderedCells(result).map((each) => {
    const unplanned = new Set(each.unplanned?.map(({ key }) => key));
    const titles = each.stages.map(({ key, title }) => (unplanned.has(key) ? `${title} *` : title));
    return { cells: [...placeCells(each), titles.join(' → ')] };
  });
  const decided = rows.some(({ cells }) => String(cells.at(-1)).includes(' *'))
    ? '. A star marks stages that a result decided about'
    : '';
  const stages = table({
    caption: `Stages in the order of their calls, the evaluation that scores the cell last${decided}`,
    columns: [...placeColumns, { title: 'Stages', text: true }],
    rows,
  });
  return html`<details>
    <summary>Stages of every cell</summary>
    ${stages}
  </details>`;
}
