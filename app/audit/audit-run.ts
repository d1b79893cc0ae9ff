import { bundleWorkflows, replayHistory } from '../../workers';
import { workflowBundleDigest } from '../../client';
import { readOpening, readTimeline, verifyRun as verify, workflowTypeOf } from '../../audit';
import { kindOf } from '../../contracts/run-kind';
import type { RunTimeline } from '../../contracts/run-timeline';
import type { Verification } from '../../schemas/audit';
import type { Location } from '../location';
import { withAuditedRun, type AuditedRun } from './audited-run';
import { reportMaker } from './remake-report';

/**
 * Reads the record of a run from its ledger, histories and artifacts: stages, attempts, failures with reasons, times,
 * US dollars, who paused or cancelled it.
 *
 * @example
 * ```ts
 * const { stages, totals } = await auditRun(sweepId);
 * console.log(stages.length, totals.attempts);
 * ```
 *
 * @param run id of a sweep or an experiment, or the file of a bundle (`budgetline audit export`)
 * @throws BudgetlineError INPUT_MISSING, LEDGER_CORRUPT, BUNDLE_REFUSED
 */
export function auditRun(run: string, location: Location = {}): Promise<RunTimeline> {
  return withAuditedRun(run, ({ store, experimentId }) => readTimeline(store, experimentId), location);
}

/** Options of {@link verifyRun}. */
export interface VerifyRunOptions extends Location {
  /** Public keys, from `readTrustedKey(file)`. If there are any, one of them must have signed. Default: none. */
  readonly trustedKeys?: readonly string[];
  /** Also replays workflow code that is neither installed nor signed by a trusted key. Default: false. */
  readonly trustCode?: boolean;
}

/**
 * The digest of the workflow code that this machine would run for the recorded definition; undefined without it. The
 * ledger of a foreign bundle may name any file: one with other code than the pinned one is not bundled.
 */
async function installedCode({ store, experimentId }: AuditedRun): Promise<string | undefined> {
  const { members = [] } = await readOpening(store, experimentId).catch(() => ({ members: [] }));
  if (members.length === 0) return workflowBundleDigest();
  return bundleWorkflows(members).then(
    ({ digest }) => digest,
    () => undefined,
  );
}

/** Only sweeps have reports. */
async function isSweep({ store, experimentId }: AuditedRun): Promise<boolean> {
  const opening = await readOpening(store, experimentId).catch(() => undefined);
  return opening !== undefined && kindOf(workflowTypeOf(opening)) === 'sweep';
}

async function verifyOpened(
  run: AuditedRun,
  { trustedKeys = [], trustCode = false }: VerifyRunOptions,
): Promise<Verification> {
  const { store, home, experimentId, bundle } = run;
  return verify({
    store,
    home,
    experimentId,
    replay: replayHistory,
    installedCode: await installedCode(run),
    trustedKeys,
    trustCode,
    remakeReport: (await isSweep(run)) ? reportMaker(run) : undefined,
    bundle: bundle && { files: bundle.index.files.length, findings: bundle.findings },
  });
}

/**
 * Verifies a run: hash chains, artifacts, lineage, recomputed scores, replayed histories. Stops at the first check that
 * fails.
 *
 * @example
 * ```ts
 * const { passed, complete, checks } = await verifyRun(sweepId);
 * console.log(passed, complete, checks.length);
 * ```
 *
 * @param run id of a sweep or an experiment, or the file of a bundle (`budgetline audit export`)
 * @returns `passed`: no check failed; `complete`: no check was skipped
 * @throws BudgetlineError INPUT_MISSING, BUNDLE_REFUSED
 */
export function verifyRun(run: string, options: VerifyRunOptions = {}): Promise<Verification> {
  return withAuditedRun(run, (opened) => verifyOpened(opened, options), options);
}
