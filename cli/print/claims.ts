import type { ClaimVerdict, SubjectAnalysis } from '../../contracts/analysis';
import type { Ink } from './ink';
import { padRight, wrap } from './text';

const inks: Record<ClaimVerdict['verdict'], keyof Ink> = {
  confirmed: 'good',
  refuted: 'bad',
  undecided: 'doubtful',
  'not tested': 'faint',
};

/** What the numbers point to where they decide nothing. */
function pointerOf({ pointsTo, conditional, pointStatement }: ClaimVerdict): string {
  if (pointsTo === null) return '';
  const direction = {
    for: 'the numbers point for it',
    against: 'the numbers point against it',
    unclear: 'the numbers point neither way',
  }[pointsTo];
  if (pointStatement) return `${direction} (a point statement: scores as they stand, without bounds)`;
  return direction + (conditional ? ' (conditional: it holds for these trained models alone)' : '');
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

/** The study's five claims over this sweep's own data. */
export function renderClaims({ verdicts }: SubjectAnalysis, ink: Ink): string[] {
  return [
    ink.strong('The study’s five claims, by these scores alone'),
    ...verdicts.flatMap((verdict) => renderClaim(verdict, ink)),
    ink.faint('  The rules, and all of the evidence, stand in the report.'),
  ];
}
