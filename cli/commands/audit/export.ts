import { resolve } from 'node:path';
import { writeBundle } from '../../../audit';
import { withAuditedRun } from '../../audited-run';
import { packageVersion } from '../../package-version';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { countOf } from '../../print/text';

export interface ExportFlags extends PrinterOptions {
  readonly output?: string;
}

/** `budgetline audit export RUN`: everything that a run rests on, in one file. */
export async function exportCommand(name: string, flags: ExportFlags): Promise<void> {
  await withAuditedRun(name, async ({ store, experimentId }) => {
    const path = resolve(flags.output ?? `${experimentId}.tar`);
    const { files } = await writeBundle(store, { experimentId, packageVersion: packageVersion() }, path);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const size = `${countOf(files.length, 'file')}, ${(bytes / 1e6).toFixed(1)} MB`;
    createPrinter(flags).print([`Bundle  ${path} (${size})`]);
    if (flags.json === true) printJson({ path, experimentId, files });
  });
}
