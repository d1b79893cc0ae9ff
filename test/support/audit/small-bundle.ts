import { storedFormat } from '../../../core/stored-format';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAnchor, readTrustedKey, writeBundle } from '../../../audit';
import { storeCompleteHistory } from '../../../client';
import { reportFolder } from '../../../host/home';
import { ensureDir } from '../../../host/durable-files';
import { createFolderStore } from '../../../store';
import { resolveTinySweep, runSweep, withWorkers } from '../sweep-bench';

/** A bundle of a finished run. */
export interface SmallBundle {
  readonly experimentId: string;
  readonly path: string;
  /** Public key of the signer. */
  readonly trustedKey: string;
}

/** Writes a key pair in PEM. Returns the paths of the private and the public key. */
export function makeKeys(dir: string, name: string): { signing: string; trusted: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [signing, trusted] = [join(dir, `${name}.pem`), join(dir, `${name}.pub`)];
  writeFileSync(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(trusted, publicKey.export({ type: 'spki', format: 'pem' }));
  return { signing, trusted };
}

async function withSigningKey<T>(path: string, work: () => Promise<T>): Promise<T> {
  process.env['BUDGETLINE_SIGNING_KEY'] = path;
  try {
    return await work();
  } finally {
    delete process.env['BUDGETLINE_SIGNING_KEY'];
  }
}

/** Runs and exports a signed sweep of a mixed and a pure SFT cell, with continue-as-new after each. */
export async function makeSmallBundle(home: string, keyDir: string): Promise<SmallBundle> {
  const keys = makeKeys(keyDir, 'signer');
  const change = { name: 'bundled', budgets: [8], sftFractions: [0.5, 1], controls: [] };
  const resolved = await resolveTinySweep(change);
  const store = createFolderStore(home);
  const run = (): Promise<string> =>
    withWorkers(home, async (client) => {
      const { plan, result } = await runSweep(client, resolved, {
        orchestration: { maxCellsPerRun: 1 },
        home,
      });
      if (result.failedCells.length > 0)
        throw new Error(`the sweep has failed cells: ${JSON.stringify(result.failedCells)}`);
      const anchor = await readAnchor(store, plan.sweepId);
      if (anchor === undefined || anchor === 'invalid') throw new Error('the sweep left no anchor');
      await storeCompleteHistory(client, store, anchor);
      const report = await ensureDir(reportFolder(home, plan.sweepId));
      const record = {
        format: storedFormat,
        definition: resolved.definition,
        places: [],
        result,
        run: {},
      };
      writeFileSync(
        join(report, 'result.json'),
        `${JSON.stringify(record)}
`,
      );
      return plan.sweepId;
    });
  const experimentId = await withSigningKey(keys.signing, run);
  const path = join(home, 'bundle.tar');
  await writeBundle({ store, home, experimentId }, 'test', { path });
  return { experimentId, path, trustedKey: readTrustedKey(keys.trusted) };
}
