import type {
  ColdStartDiagnosis,
  DiagnosisEvidence,
  DiagnosisStatus,
  SubjectAnalysis,
} from '../../contracts/analysis';
import type { BudgetUnit } from '../../schemas/definition';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatFraction, formatRate, formatScore } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, wrap } from './text';

const metricNames: Record<DiagnosisEvidence['metric'], string> = {
  score: 'score',
  wellFormedRate: 'keeps the format',
  truncatedRate: 'rambles',
  noEosRate: 'never stops',
  meanTokens: 'mean tokens',
  repetitionRate: 'repeats itself',
};

const statusInks: Record<DiagnosisStatus, keyof Ink> = {
  present: 'bad',
  absent: 'good',
  unclear: 'doubtful',
};

function formatMetric(metric: DiagnosisEvidence['metric'], value: number): string {
  if (metric === 'score') return formatScore(value);
  return metric === 'meanTokens' ? value.toFixed(1) : formatRate(value);
}

function evidenceRow(evidence: DiagnosisEvidence): TableCell[] {
  const { metric, base, cold, warm, difference, speaks } = evidence;
  const values = [base, cold, warm].map((value) => (value === null ? '–' : formatMetric(metric, value)));
  const digits = metric === 'meanTokens' ? 1 : 3;
  const texts = [metricNames[metric], ...values, formatDifference(difference, digits), speaks];
  return texts.map((text) => ({ text }));
}

function evidenceTable({ warmFraction, evidence }: ColdStartDiagnosis, ink: Ink): string[] {
  const warm = `r = ${formatFraction(warmFraction)}`;
  return renderTable({
    columns: [
      { title: 'measure' },
      { title: 'base', right: true },
      { title: 'r = 0', right: true },
      { title: warm, right: true },
      { title: `${warm} less r = 0`, right: true },
      { title: 'speaks' },
    ],
    rows: evidence.map(evidenceRow),
    indent: '    ',
    head: ink.faint,
  });
}

interface Shown {
  readonly unit: BudgetUnit;
  readonly ink: Ink;
}

function headOf(diagnosis: ColdStartDiagnosis, { unit, ink }: Shown): string {
  const { budget, status, strength, warmFraction, warmSftRows } = diagnosis;
  const warm = `r = ${formatFraction(warmFraction)}, ${countOf(warmSftRows, 'demonstration')}`;
  const word = ink[statusInks[status]](status + (strength === null ? '' : `, ${strength}`));
  return `  ${ink.strong(formatBudget(budget, unit))}: ${word} (r = 0 beside ${warm})`;
}

/** In a line: the figures of a budget whose table is left out. */
function briefEvidence({ evidence }: ColdStartDiagnosis): string {
  return evidence
    .filter(({ metric, speaks }) => metric === 'score' || speaks !== 'neither')
    .map(
      ({ metric, cold, warm }) =>
        `${metricNames[metric]} ${formatMetric(metric, cold)} against ${formatMetric(metric, warm)}`,
    )
    .join(', ');
}

function renderDiagnosis(diagnosis: ColdStartDiagnosis, full: boolean, shown: Shown): string[] {
  const head = headOf(diagnosis, shown);
  if (full)
    return [head, ...evidenceTable(diagnosis, shown.ink), ...wrap(diagnosis.advice, { first: '    ' })];
  return [head, ...wrap(briefEvidence(diagnosis), { first: '    ' }).map(shown.ink.faint)];
}

/** What happens at r = 0 beside the smallest warm start: the largest budget in full, the others in a line. */
export function renderColdStart({ coldStart, stagnation, unit }: SubjectAnalysis, ink: Ink): string[] {
  const head = ink.strong('Cold start at r = 0');
  const largest = Math.max(...coldStart.map(({ budget }) => budget));
  const rest =
    coldStart.length === 0
      ? ['  Not tested: no budget has both r = 0 and a warm start.']
      : coldStart.flatMap((diagnosis) =>
          renderDiagnosis(diagnosis, diagnosis.budget === largest, { unit, ink }),
        );
  if (stagnation === null) return [head, ...rest];
  const { status, advice } = stagnation;
  return [head, ...rest, ...wrap(`Stagnation with few pairs: ${status}. ${advice}`, { first: '  ' })];
}
