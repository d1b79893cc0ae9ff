import type { ClaimVerdict, ControlAnalysis } from '../../contracts/analysis';
import type { Figure } from '../figures/render';
import { formatCount, formatFraction, formatScore } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { figureBlock, section } from './parts';
import { intervalOf } from './scores';

const marks: Record<ClaimVerdict['verdict'], string> = {
  confirmed: '✓',
  refuted: '✗',
  undecided: '?',
  'not tested': '–',
};

function pointer({ pointsTo, conditional }: ClaimVerdict): string {
  if (pointsTo === null) return '';
  const direction =
    pointsTo === 'unclear' ? 'the numbers point neither way' : `the numbers point ${pointsTo} the claim`;
  return `; ${direction}${conditional ? ' (conditional: it holds for these trained models alone)' : ''}`;
}

function claim(verdict: ClaimVerdict): Html {
  return html`<li>
    <h3>${verdict.claim}. ${verdict.title}</h3>
    <p>
      <span class="verdict ${verdict.verdict.replace(' ', '-')}"
        >${marks[verdict.verdict]} ${verdict.verdict}</span
      >${pointer(verdict)}.
    </p>
    ${verdict.evidence.map((sentence) => html`<p>${sentence}</p>`)}
    <p class="numbers">Rule: ${verdict.rule}</p>
  </li>`;
}

/** Verdicts on the study's five claims, over this sweep's own data. */
export function claimsSection({ analysis }: ReportInput): Html {
  return section(
    { id: 'claims', title: 'The study’s five claims, here' },
    html`<p>
        Each claim is judged on this sweep alone, by a rule fixed before the run; a difference up to
        ${analysis.delta} does not count.
      </p>
      <ul class="claims">
        ${analysis.verdicts.map(claim)}
      </ul>`,
  );
}

function controlWords(control: ControlAnalysis): Html {
  const { budget, sftFraction, mixture, control: beside, difference, reading } = control;
  return html`<h3>Budget ${formatCount(budget)}, r = ${formatFraction(sftFraction)}</h3>
    <p>
      SFT then DPO on the pairs: ${formatScore(mixture.estimate)}. The same warm start, then plain SFT on the
      chosen answers of the same pairs: ${formatScore(beside.estimate)}. Difference
      ${formatScore(difference.estimate)}, 95 % interval ${intervalOf(difference)}. ${reading}
    </p>`;
}

/** What a sceptic asks of a winning mixture: is it the preference loss, or just the better data? */
export async function controlSection({ analysis }: ReportInput, figures: readonly Figure[]): Promise<Html> {
  const head = { id: 'control', title: 'The preference loss, or just the data?' };
  if (analysis.controls.length === 0)
    return section(head, html`<p>No mixture won at any budget, or its control was not asked for.</p>`);
  const caption = 'Bars are 95 % intervals.';
  const pictures = await Promise.all(figures.map((figure) => figureBlock(figure, caption)));
  return section(head, ...pictures, ...analysis.controls.map(controlWords));
}
