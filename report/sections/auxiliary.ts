import type { AuxiliaryAnalysis, AuxiliaryCell } from '../../contracts/analysis/auxiliary';
import type { Estimate } from '../../contracts/analysis/estimate';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { effectWords, modelAt } from '../auxiliary-words';
import { formatBudget, formatCount, formatFraction, formatScore, sentenceCase } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, number, section, table } from './parts';
import { intervalOf, signedOf } from './scores';

/** An estimate and its interval, or dashes. */
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
    caption: `“${name}”${on}: the untrained base and each cell`,
    columns: [
      number('Budget'),
      number('SFT share'),
      { title: 'Model' },
      number(sentenceCase(metric)),
      { title: '95% interval' },
      number('Difference from base'),
      { title: '95% interval' },
      { title: 'Verdict' },
    ],
    rows: [{ cells: base0 }, ...cells.map((cell) => cellRow(cell, analysis))],
  });
}

/** Regression checks on auxiliary tasks. Empty: there are none. */
export function auxiliarySection(chapter: Chapter): Html {
  const { analysis } = chapter;
  if (analysis.auxiliary.length === 0) return html``;
  return section(
    chapterHead(chapter, 'auxiliary', 'Auxiliary tasks'),
    html`<p class="lead">
      Regression checks: the same models on tasks that they were not trained for. A score falls or rises if
      its difference from the base, item by item, exceeds ${formatScore(analysis.equivalenceMargin)} and the
      interval excludes 0.
    </p>`,
    ...analysis.auxiliary.map(
      (task) =>
        html`<p>${task.reading}</p>
          ${taskTable(task, analysis)}`,
    ),
  );
}
