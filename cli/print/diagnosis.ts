import type {
  ColdStartDiagnosis,
  DiagnosisEvidence,
  DiagnosisStatus,
} from '../../contracts/analysis/diagnoses';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { BudgetUnit } from '../../schemas/definition';
import type { Ink } from './ink';
import { formatBudget, formatDifference, formatFraction, formatRate, formatScore } from './numbers';
import { renderTable, type TableCell } from './table';
import { countOf, wrap } from './text';

const metricNames: Record<DiagnosisEvidence['metric'], string> = {
  score: 'score',
  wellFormedRate: 'well-formed',
  truncatedRate: 'truncated',
  noEosRate: 'no end token',
  meanTokens: 'mean tokens',
  repetitionRate: 'repetitive',
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
  const warm = `SFT ${formatFraction(warmFraction)}`;
  return renderTable({
    columns: [
      { title: 'metric' },
      { title: 'base', right: true },
      { title: 'SFT 0', right: true },
      { title: warm, right: true },
      { title: 'difference', right: true },
      { title: 'evidence' },
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
  const warm = `${formatFraction(warmFraction)}, ${countOf(warmSftRows, 'demonstration')}`;
  const word = ink[statusInks[status]](status + (strength === null ? '' : `, ${strength}`));
  return `  ${ink.strong(formatBudget(budget, unit))}: ${word} (SFT share 0 compared with ${warm})`;
}

/** The evidence of a budget in one line. */
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

/** DPO without SFT compared with the smallest warm start: a table for the largest budget, a line for each other. */
export function renderColdStart({ coldStart, stagnation, unit }: SubjectAnalysis, ink: Ink): string[] {
  const head = ink.strong('Cold start: DPO without SFT');
  const largest = Math.max(...coldStart.map(({ budget }) => budget));
  const rest =
    coldStart.length === 0
      ? ['  Not tested: no budget has both an SFT share of 0 and a warm start.']
      : coldStart.flatMap((diagnosis) =>
          renderDiagnosis(diagnosis, diagnosis.budget === largest, { unit, ink }),
        );
  if (stagnation === null) return [head, ...rest];
  const { status, advice } = stagnation;
  return [head, ...rest, ...wrap(`Stagnation with few pairs: ${status}. ${advice}`, { first: '  ' })];
}
