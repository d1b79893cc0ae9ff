import type { BudgetUnit } from '../../schemas/definition';
import type {
  ColdStartDiagnosis,
  DiagnosisEvidence,
  Estimate,
  StagnationDiagnosis,
} from '../../contracts/analysis';
import type { Chart } from '../charts/render';
import { formatBudget, formatCount, formatFraction, formatShare } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, section, table } from './parts';
import { intervalOf } from './scores';

const metricNames: Record<DiagnosisEvidence['metric'], string> = {
  score: 'Score',
  wellFormedRate: 'Format kept',
  truncatedRate: 'Rambles',
  noEosRate: 'Never stops',
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
    caption: `Evidence at budget ${budget}: r = 0 against r = ${formatFraction(warmFraction)}`,
    columns: [
      { title: 'Measure' },
      { title: 'Base', number: true },
      { title: 'r = 0', number: true },
      { title: `r = ${formatFraction(warmFraction)}`, number: true },
      { title: 'Difference, 95 % interval' },
      { title: 'Effect size', number: true },
      { title: 'Speaks' },
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
    The smallest warm start is r = ${formatFraction(diagnosis.warmFraction)},
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

/** Whether preference tuning from the base model fails, how it shows, and how little SFT repairs it. */
export async function coldStartSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis } = chapter;
  const head = chapterHead(chapter, 'cold-start', 'Cold start');
  if (analysis.coldStart.length === 0)
    return section(head, html`<p>Not tested: this sweep has no budget with both r = 0 and a warm start.</p>`);
  const caption =
    'The base model, preference tuning alone, and what SFT first changes. A cold start shows as answers that miss the asked format, ramble or do not stop.';
  const pictures = await Promise.all(charts.map((chart) => chartBlock(chart, caption)));
  const diagnoses = [...analysis.coldStart].reverse();
  const words = diagnoses.map((one, index) => diagnosisBlock(one, analysis.unit, index === 0));
  return section(head, ...pictures, ...words, stagnationWords(analysis.stagnation));
}
