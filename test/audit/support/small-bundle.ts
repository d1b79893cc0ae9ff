import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAnchor, readTrustedKey, writeBundle } from '../../../audit';
import { storeCompleteHistory } from '../../../client';
import { createStore, ensureDir } from '../../../store';
import { resolveTinySweep, runSweep, withWorkers } from '../../support/sweep-bench';

/** What a finished run leaves, in one file. */
export interface SmallBundle {
  readonly experimentId: string;
  readonly path: string;
  /** Public half of the key that signed it. */
  readonly trustedKey: string;
}

/** A key pair in PEM beside each other; gives the private file's path. */
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

/** Runs a sweep of a mixed and a plain cell, a page each, in a home, for real and signed, and exports it. */
export async function makeSmallBundle(home: string, keyDir: string): Promise<SmallBundle> {
  const keys = makeKeys(keyDir, 'signer');
  const change = { name: 'bundled', budgets: [8], sftFractions: [0.5, 1], controls: [] };
  const resolved = await resolveTinySweep(change);
  const store = createStore(home);
  const run = (): Promise<string> =>
    withWorkers(home, async (client) => {
      const { plan, result } = await runSweep(client, resolved, { orchestration: { maxCellsPerRun: 1 }, home });
      if (result.failedCells.length > 0)
        throw new Error(`the sweep has holes: ${JSON.stringify(result.failedCells)}`);
      const anchor = await readAnchor(store, plan.sweepId);
      if (anchor === undefined || anchor === 'invalid') throw new Error('the sweep left no anchor');
      await storeCompleteHistory(client, store, anchor);
      const report = await ensureDir(store.paths.report(plan.sweepId));
      const record = {
        format: 1,
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
  await writeBundle(store, { experimentId, packageVersion: 'test' }, { path });
  return { experimentId, path, trustedKey: readTrustedKey(keys.trusted) };
}
