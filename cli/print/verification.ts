import { findingMeanings, type Check, type Finding, type Verification } from '../../schemas/audit';
import type { Ink } from './ink';
import { countOf, padRight, wrap } from './text';

const marks: Record<Check['outcome'], string> = { passed: '✓', failed: '✗', skipped: '–' };

function renderCheck({ name, outcome, detail }: Check, ink: Ink): string[] {
  const first = `  ${marks[outcome]} ${padRight(name, 10)}  `;
  const lines = wrap(outcome === 'failed' ? 'see below' : detail, { first });
  if (outcome === 'passed') return lines;
  return lines.map(outcome === 'failed' ? ink.bad : ink.faint);
}

function renderFinding({ code, where, what }: Finding, ink: Ink): string[] {
  return [
    ink.bad(`  ${code}  ${where}`),
    ...wrap(`${findingMeanings[code]} Details: ${what}.`, { first: '    ' }),
  ];
}

/** Number of findings to print; --json has all. */
const shown = 5;

/** Every check with its outcome, then the findings; the first finding is the first fault. */
export function renderVerification({ experimentId, passed, checks }: Verification, ink: Ink): string[] {
  const findings = checks.flatMap((check) => check.findings);
  const skipped = checks.filter(({ outcome }) => outcome === 'skipped').length;
  const verdict = !passed
    ? `${experimentId}: verification failed.`
    : skipped === 0
      ? `${experimentId}: verified.`
      : `${experimentId}: partly verified. ${countOf(skipped, 'check')} skipped; the others passed.`;
  const further =
    findings.length > shown ? [`  and ${findings.length - shown} more; --json prints all of them`] : [];
  return [
    ...checks.flatMap((check) => renderCheck(check, ink)),
    '',
    ...findings.slice(0, shown).flatMap((found) => renderFinding(found, ink)),
    ...further,
    ...(findings.length > 0 ? [''] : []),
    ...wrap(verdict).map(ink.strong),
  ];
}
