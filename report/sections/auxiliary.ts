import type { AuxiliaryAnalysis, AuxiliaryCell, Estimate, SubjectAnalysis } from '../../contracts/analysis';
import { effectWords, modelAt } from '../auxiliary-words';
import { formatBudget, formatCount, formatFraction, formatScore, sentenceCase } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, number, section, table } from './parts';
import { intervalOf, signedOf } from './scores';

/** An estimate and its interval, as far as they are known. */
function cellsOf(estimate: Estimate | null, format: (estimate: Estimate) => string): [string, string] {
  return estimate === null ? ['–', '–'] : [format(estimate), intervalOf(estimate)];
}

const scoreOf = ({ estimate }: Estimate): string => formatScore(estimate);

function cellRow(cell: AuxiliaryCell, { unit }: SubjectAnalysis): { cells: string[] } {
  const { budget, sftFraction, score, difference, effect } = cell;
  return {
    cells: [
      formatBudget(budget, unit),
      formatFraction(sftFraction),
      modelAt(cell),
      ...cellsOf(score, scoreOf),
      ...cellsOf(difference, signedOf),
      effectWords[effect],
    ],
  };
}

function taskTable(task: AuxiliaryAnalysis, analysis: SubjectAnalysis): Html {
  const { name, metric, items, base, cells } = task;
  const base0 = ['base', '–', 'untrained', ...cellsOf(base, scoreOf), '–', '–', '–'];
  const on = items === 0 ? '' : `, on ${formatCount(items)} items`;
  return table({
    caption: `“${name}”${on}: the untrained base, and what each cell has made of it`,
    columns: [
      number('Budget'),
      number('r'),
      { title: 'Model' },
      number(sentenceCase(metric)),
      { title: '95 % interval' },
      number('Less the base'),
      { title: '95 % interval' },
      { title: 'Verdict' },
    ],
    rows: [{ cells: base0 }, ...cells.map((cell) => cellRow(cell, analysis))],
  });
}

/** What training costs on tasks that it was not for; nothing where none was evaluated. */
export function auxiliarySection(chapter: Chapter): Html {
  const { analysis } = chapter;
  if (analysis.auxiliary.length === 0) return html``;
  return section(
    chapterHead(chapter, 'auxiliary', 'What training costs elsewhere'),
    html`<p class="lead">
      Unrelated tasks, asked of the same models. A score falls or rises where its difference from the base,
      taken item by item, is more than ${formatScore(analysis.equivalenceMargin)} and the interval leaves out
      0.
    </p>`,
    ...analysis.auxiliary.map(
      (task) =>
        html`<p>${task.reading}</p>
          ${taskTable(task, analysis)}`,
    ),
  );
}
