import type { BudgetUnit } from '../../schemas/definition';
import type {
  ColdStartDiagnosis,
  DiagnosisEvidence,
  StagnationDiagnosis,
} from '../../contracts/analysis/diagnoses';
import type { Estimate } from '../../contracts/analysis/estimate';
import type { Chart } from '../charts/render';
import { formatBudget, formatCount, formatFraction, formatShare } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, section, table } from './parts';
import { intervalOf } from './scores';

const metricNames: Record<DiagnosisEvidence['metric'], string> = {
  score: 'Score',
  wellFormedRate: 'Well-formed',
  truncatedRate: 'Truncated',
  noEosRate: 'No end of sequence',
  meanTokens: 'Mean length',
  repetitionRate: 'Repetition',
};

function valueOf(metric: DiagnosisEvidence['metric'], value: number | null): string {
  if (value === null) return '–';
  return metric === 'meanTokens' ? value.toFixed(1) : formatShare(value);
}

function tokenInterval({ low, high }: Estimate): string {
  return low === null || high === null ? '–' : `${low.toFixed(1)} to ${high.toFixed(1)}`.replaceAll('-', '−');
}

function evidenceTable({ warmFraction, evidence }: ColdStartDiagnosis, budget: string): Html {
  return table({
    caption: `Evidence at budget ${budget}: SFT share 0 against SFT share ${formatFraction(warmFraction)}`,
    columns: [
      { title: 'Metric' },
      { title: 'Base', number: true },
      { title: 'SFT share 0', number: true },
      { title: `SFT share ${formatFraction(warmFraction)}`, number: true },
      { title: 'Difference, 95% interval' },
      { title: 'Effect size', number: true },
      { title: 'Evidence' },
    ],
    rows: evidence.map(({ metric, base, cold, warm, difference, effect, speaks }) => ({
      cells: [
        metricNames[metric],
        valueOf(metric, base),
        valueOf(metric, cold),
        valueOf(metric, warm),
        metric === 'meanTokens' ? tokenInterval(difference) : intervalOf(difference),
        effect === null ? '–' : effect.toFixed(2).replace('-', '−'),
        speaks === 'for' ? 'for a cold start' : speaks === 'against' ? 'against one' : 'for neither',
      ],
    })),
  });
}

function diagnosisBlock(diagnosis: ColdStartDiagnosis, unit: BudgetUnit, open: boolean): Html {
  const budget = formatBudget(diagnosis.budget, unit);
  const strength = diagnosis.strength === null ? '' : `, ${diagnosis.strength}`;
  const title = html`Budget ${budget}: ${diagnosis.status}${strength}`;
  const words = html`<p>
    The smallest warm start is SFT share ${formatFraction(diagnosis.warmFraction)},
    ${formatCount(diagnosis.warmSftRows)} demonstrations. ${diagnosis.advice}
  </p>`;
  if (open)
    return html`<h3>${title}</h3>
      ${words}${evidenceTable(diagnosis, budget)}`;
  return html`<details>
    <summary>${title}</summary>
    ${words}${evidenceTable(diagnosis, budget)}
  </details>`;
}

function stagnationWords(stagnation: StagnationDiagnosis | null): Html {
  if (stagnation === null) return html``;
  return html`<h3>Stagnation of preference tuning with few pairs: ${stagnation.status}</h3>
    <p>${stagnation.advice}</p>`;
}

/** Cold start: preference tuning without SFT, its symptoms, and the smallest SFT share that repairs it. */
export async function coldStartSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis } = chapter;
  const head = chapterHead(chapter, 'cold-start', 'Cold start');
  if (analysis.coldStart.length === 0)
    return section(
      head,
      html`<p>Not tested: this sweep has no budget with both SFT share 0 and a warm start.</p>`,
    );
  const caption =
    'The base model, preference tuning alone, and preference tuning after SFT. Answers of a cold start are not well-formed, are truncated or do not stop.';
  const drawn = await Promise.all(charts.map((chart) => chartBlock(chart, caption)));
  const diagnoses = [...analysis.coldStart].reverse();
  const words = diagnoses.map((one, index) => diagnosisBlock(one, analysis.unit, index === 0));
  return section(head, ...drawn, ...words, stagnationWords(analysis.stagnation));
}
