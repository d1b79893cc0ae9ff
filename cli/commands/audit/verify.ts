import { verifyRun } from '../../../app/audit/audit-run';
import { readTrustedKey } from '../../../audit';
import { exitWithFindings, exitWithSkipped } from '../../exit-status';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { renderVerification } from '../../print/verification';

export interface VerifyFlags extends PrinterOptions {
  readonly trustedKey?: readonly string[];
  readonly trustCode?: boolean;
}

/** `budgetline audit verify RUN`: exit status 0: passed, 1: failed, 2: a check was skipped. */
export async function verifyCommand(name: string, flags: VerifyFlags): Promise<number> {
  const result = await verifyRun(name, {
    trustedKeys: (flags.trustedKey ?? []).map(readTrustedKey),
    trustCode: flags.trustCode === true,
  });
  const printer = createPrinter(flags);
  printer.print(renderVerification(result, printer.ink));
  if (flags.json === true) printJson(result);
  if (!result.passed) return exitWithFindings;
  return result.complete ? 0 : exitWithSkipped;
}
