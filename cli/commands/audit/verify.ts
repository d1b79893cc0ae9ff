import { readTrustedKey, verifyRun } from '../../../audit';
import type { Verification } from '../../../schemas/audit';
import { withAuditedRun, type AuditedRun } from '../../../app/audit/audited-run';
import { exitWithFindings, exitWithSkipped } from '../../exit-status';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { renderVerification } from '../../print/verification';

export interface VerifyFlags extends PrinterOptions {
  readonly trustedKey?: readonly string[];
  readonly trustCode?: boolean;
}

async function verify(
  { store, experimentId, bundle }: AuditedRun,
  flags: VerifyFlags,
): Promise<Verification> {
  const { workflowBundleDigest } = await import('../../../client/index.js');
  const { replayHistory } = await import('../../../workers/index.js');
  return verifyRun({
    ...{ store, experimentId, replay: replayHistory, installedCode: workflowBundleDigest() },
    trustedKeys: (flags.trustedKey ?? []).map(readTrustedKey),
    trustCode: flags.trustCode === true,
    ...(bundle === undefined
      ? {}
      : { bundle: { files: bundle.index.files.length, findings: bundle.findings } }),
  });
}

/** `budgetline audit verify RUN`: exit status 0 where nothing is wrong, 1 where something is, 2 where a check was not made. */
export async function verifyCommand(name: string, flags: VerifyFlags): Promise<number> {
  const result = await withAuditedRun(name, (run) => verify(run, flags));
  const printer = createPrinter(flags);
  printer.print(renderVerification(result, printer.ink));
  if (flags.json === true) printJson(result);
  if (!result.passed) return exitWithFindings;
  return result.complete ? 0 : exitWithSkipped;
}
