import { resolve } from 'node:path';
import {
  exportFormats,
  readEvidence,
  readSigningKey,
  renderExport,
  renderMlflow,
  sendToMlflow,
  writeBundle,
  writeCrate,
  type ExportFormat,
} from '../../../audit';
import { BudgetlineError } from '../../../core/failures';
import { writeOutputs } from '../../../store';
import { withAuditedRun, type AuditedRun } from '../../../app/audit/audited-run';
import { packageVersion } from '../../../app/package-version';
import { createPrinter, printJson, type PrinterOptions } from '../../printer';
import { countOf } from '../../print/text';

export interface ExportFlags extends PrinterOptions {
  readonly output?: string;
  /** Replaces an existing file. */
  readonly force?: boolean;
  readonly format: string;
  /** Address of an MLflow tracking server. */
  readonly to?: string;
}

interface Written {
  readonly path: string;
  /** Number of files, runs or characters, for people. */
  readonly size: string;
}

async function exportBundle(run: AuditedRun, { output, force }: ExportFlags): Promise<Written> {
  const path = resolve(output ?? `${run.experimentId}.tar`);
  const { files } = await writeBundle(run, packageVersion(), { path, force });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { path, size: `${countOf(files.length, 'file')}, ${(bytes / 1e6).toFixed(1)} MB` };
}

async function exportCrate(run: AuditedRun, flags: ExportFlags): Promise<Written> {
  const { output, force } = flags;
  if (force === true)
    throw new BudgetlineError('USAGE', '--force: a folder is never replaced.', {
      remedy: 'Name a new folder.',
    });
  const path = resolve(output ?? `${run.experimentId}.crate`);
  const files = await writeCrate(run, packageVersion(), path);
  return { path, size: countOf(files, 'file') };
}

async function send({ store, experimentId }: AuditedRun, address: string): Promise<Written> {
  const experiment = renderMlflow(await readEvidence(store, experimentId));
  const token = process.env['MLFLOW_TRACKING_TOKEN'] ?? '';
  const { added, updated } = await sendToMlflow(experiment, { address, token });
  return { path: address, size: `${countOf(added, 'run')} added, ${updated} updated` };
}

type Format = ExportFormat | 'bundle' | 'ro-crate';

const formats = ['bundle', 'ro-crate', ...Object.keys(exportFormats)] as readonly Format[];

function parseFormat(text: string): Format {
  const format = formats.find((one) => one === text);
  if (format !== undefined) return format;
  throw new BudgetlineError('USAGE', `--format: there is no format "${text}".`, {
    remedy: `Use one of: ${formats.join(', ')}.`,
  });
}

async function exportAs(
  { store, experimentId }: AuditedRun,
  format: ExportFormat,
  flags: ExportFlags,
): Promise<Written> {
  const keyPath = process.env['BUDGETLINE_SIGNING_KEY'] ?? '';
  const key = keyPath === '' ? null : readSigningKey(keyPath);
  const text = await renderExport(store, { experimentId, format, key });
  const path = resolve(flags.output ?? `${experimentId}${exportFormats[format].suffix}`);
  await writeOutputs([{ path, data: text }], flags);
  return { path, size: countOf(text.length, 'character') };
}

function exportRun(run: AuditedRun, format: Format, flags: ExportFlags): Promise<Written> {
  if (flags.to !== undefined) return send(run, flags.to);
  if (format === 'bundle') return exportBundle(run, flags);
  return format === 'ro-crate' ? exportCrate(run, flags) : exportAs(run, format, flags);
}

/** `budgetline audit export RUN`: writes a bundle of the run, or its records in another tool's format. */
export async function exportCommand(name: string, flags: ExportFlags): Promise<void> {
  const format = parseFormat(flags.format);
  if (flags.to !== undefined && format !== 'mlflow')
    throw new BudgetlineError('USAGE', '--to sends to an MLflow server, so it needs --format mlflow.');
  const written = await withAuditedRun(name, (run) => exportRun(run, format, flags));
  createPrinter(flags).print([`${format}  ${written.path} (${written.size})`]);
  if (flags.json === true) printJson({ path: written.path, format });
}
