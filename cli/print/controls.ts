import type { ControlAnalysis } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { BudgetUnit } from '../../schemas/definition';
import { remedyOf } from '../../core/failures';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatEstimate, formatFraction } from './numbers';
import { renderTable, type TableCell } from './table';
import { wrap } from './text';

const effectNames: Record<ControlAnalysis['lossEffect'], string> = {
  helps: 'helps',
  none: 'no effect',
  hurts: 'hurts',
  unclear: 'unclear',
};

const kindNames: Record<ControlAnalysis['kind'], string> = {
  'sft-on-chosen': 'SFT on the chosen answers',
  'rejection-sampling': 'SFT on correct samples (rejection sampling)',
};

function controlRow(control: ControlAnalysis, unit: BudgetUnit): TableCell[] {
  const { budget, sftFraction, mixture, difference, lossEffect } = control;
  const texts = [
    formatBudget(budget, unit),
    formatFraction(sftFraction),
    formatEstimate(mixture),
    formatEstimate(control.control),
    formatDifference(difference),
    effectNames[lossEffect],
  ];
  return texts.map((text) => ({ text }));
}

/** One table for each kind of ablation. */
function controlTables({ controls, unit }: SubjectAnalysis, ink: Ink): string[] {
  return Object.entries(kindNames).flatMap(([kind, name]) => {
    const rows = controls.filter((control) => control.kind === kind);
    if (rows.length === 0) return [];
    const columns = [
      { title: 'budget', right: true },
      { title: 'SFT share', right: true },
      { title: 'mixture' },
      { title: 'ablation' },
      { title: 'difference' },
      { title: 'effect' },
    ];
    return [
      `  ${name}`,
      ...renderTable({ columns, rows: rows.map((control) => controlRow(control, unit)), head: ink.faint }),
    ];
  });
}

function winnerControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, budgets, failedControls } = analysis;
  if (controls.length > 0) return controlTables(analysis, ink);
  if (failedControls.some(({ kind }) => kind in kindNames)) return [];
  const won = budgets.some(({ sftFraction }) => sftFraction > 0 && sftFraction < 1);
  return [won ? '  No ablation was run.' : '  No mixture won, so no ablation was run.'];
}

function renderFailed({ failedControls, unit }: SubjectAnalysis, ink: Ink): string[] {
  return failedControls.flatMap(({ kind, setting, budget, sftFraction, seed, ...reason }) => {
    const name = setting === undefined ? kind : `${kind}, ${setting}`;
    const place = `SFT share ${formatFraction(sftFraction)} at ${formatBudget(budget, unit)}, seed ${seed}`;
    const remedy = remedyOf(reason);
    return [
      ...wrap(`${name} of ${place} failed: ${reason.code}. ${reason.message}`, { first: '  ! ' }).map(
        ink.bad,
      ),
      ...(remedy === '' ? [] : wrap(remedy, { first: '    ' })),
    ];
  });
}

/** Each winning mixture compared with SFT on the same data, the other ablations, and failed controls. */
export function renderControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, furtherControls, tuning, annotator } = analysis;
  // Scores from a CSV come without controls.
  if (annotator === null && controls.length === 0) return [];
  return [
    ink.strong('Ablations: does the preference loss help, or only the data?'),
    ...winnerControls(analysis, ink),
    ...[...furtherControls, ...tuning].flatMap(({ reading }) => wrap(reading, { first: '  ' })),
    ...renderFailed(analysis, ink),
  ];
}
