import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportMaker } from '../../audit';
import { reportFolder } from '../../host/home';
import { packageVersion } from '../package-version';
import { writeReport } from '../results/report-files';
import { readResult } from '../results/sweep-record';
import type { AuditedRun } from './audited-run';

/** Makes the report of a run again, in a temporary folder. Other versions of this program give other files. */
export const reportMaker =
  ({ home, store, experimentId }: AuditedRun): ReportMaker =>
  async () => {
    const folder = reportFolder(home, experimentId);
    const record = await readResult(experimentId, { home, store });
    const { packageVersion: version } = record.run;
    const installed = packageVersion();
    if (version !== undefined && version !== installed)
      return { skipped: `version ${version} made it, and this is ${installed}` };
    const remade = await mkdtemp(join(tmpdir(), 'budgetline-report-'));
    const close = () => rm(remade, { recursive: true, force: true });
    try {
      await writeReport(record, { home, store, out: remade });
      return { folder, remade, close };
    } catch (error) {
      await close();
      throw error;
    }
  };
