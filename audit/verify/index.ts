import type { Check, Verification } from '../../schemas/audit';
import { checkArtifacts, checkLineage, checkReferences } from './artifacts';
import { checkAnchor, checkAttempts, checkChains } from './chains';
import { checkEvaluations } from './evaluations';
import { checkHistories } from './histories';
import { checkReplay } from './replay';
import { checkReport } from './report';
import { checkMoney } from './money';
import { checkResults } from './results';
import { Subject, type CheckResult, type CheckSpec, type VerifyOptions } from './subject';

function checkFiles({ options: { bundle } }: Subject): Promise<CheckResult> {
  const { files, findings } = bundle ?? { files: 0, findings: [] };
  return Promise.resolve({ checked: `${files} files of the bundle`, findings });
}

/** Each check relies on the earlier ones: a broken chain or a changed artifact proves nothing. */
const specs: readonly CheckSpec[] = [
  { name: 'files', run: checkFiles },
  { name: 'chains', run: checkChains },
  { name: 'anchor', run: checkAnchor },
  { name: 'attempts', run: checkAttempts },
  { name: 'artifacts', run: checkArtifacts },
  { name: 'lineage', run: checkLineage },
  { name: 'reference', run: checkReferences },
  { name: 'evaluation', run: checkEvaluations },
  { name: 'histories', run: checkHistories },
  { name: 'results', run: checkResults },
  { name: 'report', run: checkReport },
  { name: 'money', run: checkMoney },
  { name: 'replay', run: checkReplay },
];

async function runCheck({ name, run }: CheckSpec, subject: Subject): Promise<Check> {
  const result = await run(subject);
  if ('skipped' in result) return { name, outcome: 'skipped', detail: result.skipped, findings: [] };
  const { findings = [], checked } = result;
  return { name, outcome: findings.length > 0 ? 'failed' : 'passed', detail: checked, findings };
}

/**
 * Verifies a run in a store or in an opened bundle. Stops after the first check with findings.
 */
export async function verifyRun(options: VerifyOptions): Promise<Verification> {
  const subject = new Subject(options);
  const checks: Check[] = [];
  const { bundle, remakeReport } = options;
  const has = { files: bundle !== undefined, report: remakeReport !== undefined };
  for (const spec of specs.filter(({ name }) => !(name in has) || has[name as keyof typeof has])) {
    const check = await runCheck(spec, subject);
    checks.push(check);
    if (check.outcome === 'failed') break;
  }
  const passed = checks.every(({ outcome }) => outcome !== 'failed');
  const complete = checks.every(({ outcome }) => outcome !== 'skipped');
  return { experimentId: options.experimentId, passed, complete, checks };
}
