import type { ControlAnalysis } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { BudgetUnit } from '../../schemas/definition';
import { remedyOf } from '../../core/failures';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatEstimate, formatFraction } from './numbers';
import { renderPairEffects } from './pair-effects';
import { renderTable, type TableCell } from './table';
import { wrap } from './text';

const higherWords: Record<ControlAnalysis['higher'], string> = {
  mixture: 'mixture',
  equal: 'equivalent',
  control: 'control',
  unclear: 'unclear',
};

const kindNames: Record<ControlAnalysis['kind'], string> = {
  'sft-on-chosen': 'SFT on the chosen answers',
  'rejection-sampling': 'SFT on correct samples (rejection sampling)',
};

function controlRow(control: ControlAnalysis, unit: BudgetUnit): TableCell[] {
  const { budget, sftFraction, mixture, difference, higher } = control;
  const texts = [
    formatBudget(budget, unit),
    formatFraction(sftFraction),
    formatEstimate(mixture),
    formatEstimate(control.control),
    formatDifference(difference),
    higherWords[higher],
  ];
  return texts.map((text) => ({ text }));
}

/** One table for each kind of control. */
function controlTables({ controls, unit }: SubjectAnalysis, ink: Ink): string[] {
  return Object.entries(kindNames).flatMap(([kind, name]) => {
    const rows = controls.filter((control) => control.kind === kind);
    if (rows.length === 0) return [];
    const columns = [
      { title: 'budget', right: true },
      { title: 'SFT share', right: true },
      { title: 'mixture' },
      { title: 'control' },
      { title: 'difference' },
      { title: 'higher' },
    ];
    const training = [...new Set(rows.map((control) => control.training))].filter((text) => text !== '');
    return [
      `  ${name}`,
      ...renderTable({ columns, rows: rows.map((control) => controlRow(control, unit)), head: ink.faint }),
      ...training.flatMap((text) => wrap(text, { first: '  ' })),
    ];
  });
}

function mixtureControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, cells, failedControls } = analysis;
  if (controls.length > 0) return controlTables(analysis, ink);
  if (failedControls.some(({ kind }) => kind in kindNames)) return [];
  const mixed = cells.some(({ sftRows, pairRows }) => sftRows > 0 && pairRows > 0);
  return [mixed ? '  No control of a mixture was run.' : '  There is no mixture, so none has a control.'];
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

/** What pairs added, mixtures compared with SFT on the same data, the other controls, and failed ones. */
export function renderControls(analysis: SubjectAnalysis, ink: Ink): string[] {
  const { controls, furtherControls, tuning, annotator } = analysis;
  // Scores from a CSV come without controls.
  if (annotator === null && controls.length === 0) return [];
  return [
    ink.strong('Controls: what do pairs add, and what does SFT on the same data?'),
    ...renderPairEffects(analysis, ink),
    ...mixtureControls(analysis, ink),
    ...[...furtherControls, ...tuning].flatMap(({ reading }) => wrap(reading, { first: '  ' })),
    ...renderFailed(analysis, ink),
  ];
}
