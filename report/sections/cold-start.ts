import type { ColdStartDiagnosis, DiagnosisEvidence, StagnationDiagnosis } from '../../contracts/analysis';
import type { Figure } from '../figures/render';
import { formatCount, formatFraction, formatShare } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { figureBlock, section, table } from './parts';
import { intervalOf } from './scores';

const metricNames: Record<DiagnosisEvidence['metric'], string> = {
  score: 'Score',
  formatRate: 'Format kept',
  ramblingRate: 'Rambles',
  noEosRate: 'Never stops',
  meanTokens: 'Mean tokens',
  repetitionRate: 'Repetition',
};

function valueOf(metric: DiagnosisEvidence['metric'], value: number): string {
  return metric === 'meanTokens' ? value.toFixed(1) : formatShare(value);
}

function evidenceTable({ budget, warmFraction, evidence }: ColdStartDiagnosis): Html {
  return table({
    caption: `Evidence at budget ${formatCount(budget)}: r = 0 against r = ${formatFraction(warmFraction)}`,
    columns: [
      { title: 'Measure' },
      { title: 'Base', number: true },
      { title: 'r = 0', number: true },
      { title: `r = ${formatFraction(warmFraction)}`, number: true },
      { title: '95 % interval of the difference' },
      { title: 'Effect size', number: true },
      { title: 'Speaks' },
    ],
    rows: evidence.map(({ metric, base, cold, warm, difference, effect, speaks }) => ({
      cells: [
        metricNames[metric],
        valueOf(metric, base),
        valueOf(metric, cold),
        valueOf(metric, warm),
        intervalOf(difference),
        effect === null ? '–' : effect.toFixed(2),
        speaks === 'for' ? 'for a cold start' : speaks === 'against' ? 'against one' : 'for neither',
      ],
    })),
  });
}

function diagnosisWords(diagnosis: ColdStartDiagnosis): Html {
  const strength = diagnosis.strength === null ? '' : `, ${diagnosis.strength}`;
  const { repairedBy, warmFraction, warmSftRows } = diagnosis;
  const repair =
    repairedBy === null
      ? 'no fraction that ran repairs it beyond doubt'
      : `repaired from r = ${formatFraction(repairedBy)} on`;
  return html`<h3>Budget ${formatCount(diagnosis.budget)}: ${diagnosis.status}${strength}</h3>
    <p>
      The smallest warm start is r = ${formatFraction(warmFraction)}, ${formatCount(warmSftRows)}
      demonstrations;
      ${diagnosis.status === 'present' ? repair : 'a cold start is not shown, so nothing needs repair'}.
      ${diagnosis.advice}
    </p>`;
}

function stagnationWords(stagnation: StagnationDiagnosis | null): Html {
  if (stagnation === null) return html``;
  return html`<h3>Stagnation of preference tuning with few pairs: ${stagnation.status}</h3>
    <p>${stagnation.advice}</p>`;
}

/** Whether preference tuning from the base model fails, how it shows, and how little SFT repairs it. */
export async function coldStartSection({ analysis }: ReportInput, figures: readonly Figure[]): Promise<Html> {
  const head = { id: 'cold-start', title: 'Cold start' };
  if (analysis.coldStart.length === 0)
    return section(head, html`<p>Not tested: this sweep has no budget with both r = 0 and a warm start.</p>`);
  const caption = 'A cold start shows as answers that ramble, do not stop and miss the asked format.';
  const pictures = await Promise.all(figures.map((figure) => figureBlock(figure, caption)));
  const diagnoses = [...analysis.coldStart].reverse();
  const words = diagnoses.flatMap((one) => [diagnosisWords(one), evidenceTable(one)]);
  return section(head, ...pictures, ...words, stagnationWords(analysis.stagnation));
}
