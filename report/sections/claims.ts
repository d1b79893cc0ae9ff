import type { ClaimVerdict } from '../../contracts/analysis';
import type { Figure } from '../figures/render';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, figureBlock, section } from './parts';

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
  if (pointStatement) return `; ${direction} (a point statement: scores as they stand, without bounds)`;
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
    chapterHead(chapter, 'claims', 'The study’s five claims, here'),
    html`<p>
        Each claim is judged on these scores alone, by a rule fixed before the run; a difference up to
        ${analysis.delta} does not count.
      </p>
      <ul class="claims">
        ${analysis.verdicts.map(claim)}
      </ul>`,
  );
}

/** What a sceptic asks of a winning mixture: is it the preference loss, or just the better data? */
export async function controlSection(chapter: Chapter, figures: readonly Figure[]): Promise<Html> {
  const { analysis } = chapter;
  const head = chapterHead(chapter, 'control', 'The preference loss, or just the data?');
  if (analysis.controls.length === 0)
    return section(head, html`<p>No mixture won at any budget, or its control was not asked for.</p>`);
  const intro = html`<p>
    A mixture may win because a checker made better data, not because of the preference loss. The control
    starts from the same warm start and trains plain SFT on the chosen answers of the very same pairs.
  </p>`;
  const caption = 'Bars are 95 % intervals.';
  const pictures = await Promise.all(figures.map((figure) => figureBlock(figure, caption)));
  return section(
    head,
    intro,
    ...pictures,
    ...analysis.controls.map(({ reading }) => html`<p>${reading}</p>`),
  );
}
