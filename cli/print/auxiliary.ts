import type { AuxiliaryAnalysis, AuxiliaryCell } from '../../contracts/analysis/auxiliary';
import type { ControlEffect } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { effectWords, modelAt } from '../../report/auxiliary-words';
import type { Ink } from './ink';
import { formatBudget, formatCount, formatDifference, formatEstimate, formatFraction } from './numbers';
import { renderTable, type TableCell } from './table';
import { fit, wrap } from './text';

function cellRow(
  cell: AuxiliaryCell,
  { unit }: SubjectAnalysis,
  inkOf: (effect: ControlEffect) => Ink['bad'],
): TableCell[] {
  const { budget, sftFraction, score, difference, effect } = cell;
  return [
    { text: formatBudget(budget, unit) },
    { text: formatFraction(sftFraction) },
    { text: modelAt(cell) },
    { text: formatEstimate(score) },
    { text: difference === null ? '' : formatDifference(difference) },
    { text: effectWords[effect], ink: inkOf(effect) },
  ];
}

function renderTask(task: AuxiliaryAnalysis, analysis: SubjectAnalysis, ink: Ink): string[] {
  const inkOf = (effect: ControlEffect) => (effect === 'hurts' ? ink.bad : ink.faint);
  const base = ['base', '–', 'untrained', task.base === null ? '–' : formatEstimate(task.base)].map(
    (text) => ({ text }),
  );
  const columns = [
    { title: 'budget', right: true },
    { title: 'SFT share', right: true },
    { title: 'model' },
    { title: fit(task.name, 24) },
    { title: 'minus base' },
    { title: '' },
  ];
  const rows = [base, ...task.cells.map((cell) => cellRow(cell, analysis, inkOf))];
  const items = task.items === 0 ? '' : ` On ${formatCount(task.items)} items.`;
  return [
    ...renderTable({ columns, rows, head: ink.faint }),
    ...wrap(`${task.reading}${items}`, { first: '  ' }),
  ];
}

/** Regression check: scores on auxiliary tasks before and after training. */
export function renderAuxiliary(analysis: SubjectAnalysis, ink: Ink): string[] {
  if (analysis.auxiliary.length === 0) return [];
  return [
    ink.strong('Auxiliary tasks: before and after training'),
    ...analysis.auxiliary.flatMap((task) => renderTask(task, analysis, ink)),
  ];
}
