import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { ClaimVerdict } from '../../contracts/analysis/verdicts';
import type { Ink } from './ink';
import { padRight, wrap } from './text';

const inks: Record<ClaimVerdict['verdict'], keyof Ink> = {
  confirmed: 'good',
  refuted: 'bad',
  undecided: 'doubtful',
  'not tested': 'faint',
};

/** The direction of the evidence of an undecided claim. */
function pointerOf({ pointsTo, conditional, pointStatement }: ClaimVerdict): string {
  if (pointsTo === null) return '';
  const direction = {
    for: 'the scores are for it',
    against: 'the scores are against it',
    unclear: 'the scores are neither for nor against it',
  }[pointsTo];
  if (pointStatement) return `${direction} (point estimates, without intervals)`;
  return direction + (conditional ? ' (conditional: for these trained models only)' : '');
}

function renderClaim(verdict: ClaimVerdict, ink: Ink): string[] {
  const word = ink[inks[verdict.verdict]](padRight(verdict.verdict, 10));
  const head = `  ${ink.strong(verdict.claim)}  `;
  const [title = '', ...more] = wrap(verdict.title, { first: ' '.repeat(18) });
  const pointer = pointerOf(verdict);
  const words = [pointer, verdict.decidedBy ?? verdict.evidence[0] ?? ''].filter((text) => text !== '');
  return [
    `${head}${word}  ${title.trimStart()}`,
    ...more,
    ...words.flatMap((text) => wrap(text, { first: ' '.repeat(18), rest: ' '.repeat(20) })).map(ink.faint),
  ];
}

/** The study's five claims, tested on this sweep's scores. */
export function renderClaims({ verdicts }: SubjectAnalysis, ink: Ink): string[] {
  return [
    ink.strong('The study’s five claims, tested on these scores'),
    ...verdicts.flatMap((verdict) => renderClaim(verdict, ink)),
    ink.faint('  The report has the rules and all of the evidence.'),
  ];
}
