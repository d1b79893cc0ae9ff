import type { ClaimVerdict } from '../../contracts/analysis/verdicts';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, section } from './parts';

const marks: Record<ClaimVerdict['verdict'], string> = {
  confirmed: '✓',
  refuted: '✗',
  undecided: '?',
  'not tested': '–',
};

function pointer({ pointsTo, conditional, pointStatement }: ClaimVerdict): string {
  if (pointsTo === null) return '';
  const direction =
    pointsTo === 'unclear' ? 'the numbers point neither way' : `the numbers point ${pointsTo} the claim`;
  if (pointStatement) return `; ${direction} (point estimates, without intervals)`;
  return `; ${direction}${conditional ? ' (conditional on these trained models)' : ''}`;
}

function claim(verdict: ClaimVerdict): Html {
  return html`<li>
    <h3>${verdict.claim}. ${verdict.title}</h3>
    <p>
      <span class="verdict ${verdict.verdict.replace(' ', '-')}"
        >${marks[verdict.verdict]} ${verdict.verdict}</span
      >${pointer(verdict)}.
    </p>
    <ul>
      ${verdict.evidence.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    <p class="numbers">Rule: ${verdict.rule}</p>
  </li>`;
}

/** Verdicts on the study's five claims, over this sweep's own data. */
export function claimsSection(chapter: Chapter): Html {
  const { analysis } = chapter;
  return section(
    chapterHead(chapter, 'claims', 'The study’s five claims'),
    html`<p>
        Each claim is judged on these scores by a rule fixed before the run. Differences up to
        ${analysis.equivalenceMargin} count as equal.
      </p>
      <ul class="claims">
        ${analysis.verdicts.map(claim)}
      </ul>`,
  );
}
