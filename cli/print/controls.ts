import type { ControlAnalysis, SubjectAnalysis } from '../../contracts/analysis';
import type { BudgetUnit } from '../../schemas/definition';
import { remedyOf } from '../../contracts/failures';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatEstimate, formatFraction } from './numbers';
import { renderTable, type TableCell } from './table';
import { wrap } from './text';

const lossWords: Record<ControlAnalysis['lossEffect'], string> = {
  helps: 'help',
  none: 'add nothing',
  hurts: 'hurt',
  unclear: 'open',
};

const kindWords: Record<ControlAnalysis['kind'], string> = {
  'sft-on-chosen': 'chosen',
  'rejection-sampling': 'samples',
};

function controlRow(control: ControlAnalysis, unit: BudgetUnit): TableCell[] {
  const { kind, budget, sftFraction, mixture, difference, lossEffect } = control;
  const texts = [
    formatBudget(budget, unit),
    formatFraction(sftFraction),
    formatEstimate(mixture),
    kindWords[kind],
    formatEstimate(control.control),
    formatDifference(difference),
    lossWords[lossEffect],
  ];
  return texts.map((text) => ({ text }));
}

function controlTable({ controls, unit }: SubjectAnalysis, ink: Ink): string[] {
  return renderTable({
    columns: [
      { title: 'budget', right: true },
      { title: 'r', right: true },
      { title: 'mixture' },
      { title: 'control' },
      { title: '' },
      { title: 'difference' },
      { title: 'pairs' },
    ],
    rows: controls.map((control) => controlRow(control, unit)),
    head: ink.faint,
  });
}

function winnerControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, budgets, failedControls } = analysis;
  if (controls.length > 0) return controlTable(analysis, ink);
  if (failedControls.some(({ kind }) => kind in kindWords)) return [];
  const won = budgets.some(({ sftFraction }) => sftFraction > 0 && sftFraction < 1);
  return [won ? '  No control was run beside a winner.' : '  No mixture won, so there is none to control.'];
}

function renderFailed({ failedControls, unit }: SubjectAnalysis, ink: Ink): string[] {
  return failedControls.flatMap(({ kind, setting, budget, sftFraction, seed, ...reason }) => {
    const name = setting === undefined ? kind : `${kind}, ${setting}`;
    const place = `r = ${formatFraction(sftFraction)} at ${formatBudget(budget, unit)}, seed ${seed}`;
    const remedy = remedyOf(reason);
    return [
      ...wrap(`${name} of ${place} failed: ${reason.code}. ${reason.message}`, { first: '  ! ' }).map(
        ink.bad,
      ),
      ...(remedy === '' ? [] : wrap(remedy, { first: '    ' })),
    ];
  });
}

/** The winning mixtures beside plain SFT on the same data, what other controls say, and which failed. */
export function renderControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, furtherControls, tuning, annotator } = analysis;
  // Scores that were made elsewhere come without controls.
  if (annotator === null && controls.length === 0) return [];
  return [
    ink.strong('The preference loss, or the data? Winners beside SFT on chosen answers or right samples'),
    ...winnerControls(analysis, ink),
    ...[...furtherControls, ...tuning].flatMap(({ reading }) => wrap(reading, { first: '  ' })),
    ...renderFailed(analysis, ink),
  ];
}
