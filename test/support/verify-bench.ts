import { openExperimentLedger, recordStages } from '../../audit';
import { checkLineage, checkReferences } from '../../audit/verify/artifacts';
import { checkEvaluations } from '../../audit/verify/evaluations';
import { Subject } from '../../audit/verify/subject';
import type { StageResult } from '../../contracts/stage';
import type { Finding } from '../../schemas/audit';
import type { StageBench } from './stage-bench';

/** Records results as those of one run, and returns what `audit --verify` finds in their lineage, references and scores. */
export async function verifyResults(
  { store }: StageBench,
  experimentId: string,
  results: readonly StageResult[],
): Promise<Finding[]> {
  const about = { experimentId, definition: {}, definitionDigest: 'd'.repeat(64), actor: 'test' };
  await openExperimentLedger(store, about);
  const records = results.map(({ key, kind, cached, digest, ledgerHead }) => {
    return { stage: key, kind, cached, artifact: digest, stageHead: ledgerHead };
  });
  await recordStages(store, experimentId, records);
  const subject = new Subject({ store, home: store.name, experimentId });
  const checks = [checkLineage, checkReferences, checkEvaluations];
  const found = await Promise.all(checks.map((check) => check(subject)));
  return found.flatMap((result) => ('findings' in result ? (result.findings ?? []) : []));
}
