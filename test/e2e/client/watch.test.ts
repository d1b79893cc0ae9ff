import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import { startSweep, watchSweep, type WatchOptions } from '../../../client';
import { BudgetlineError } from '../../../core/failures';
import { planGrid } from '../../../planning';
import { ensureServer } from '../../../workers';
import { anyPort } from '../../../workers/embedded-server/ports';
import { until } from '../../support/going-sweep';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryHome } from '../../support/temporary';

const quiet = (): void => undefined;
const codeIs = (code: string) => (error: unknown) => error instanceof BudgetlineError && error.code === code;

describe('watching a sweep whose server goes away', function () {
  this.timeout(acquisitionLimitMs);
  const home = temporaryHome();

  it('continues when it comes back, reports that, and ends with a code if it stays away', async () => {
    // It comes back at the same address.
    const env = { ...process.env, BUDGETLINE_TEMPORAL_PORT: String(await anyPort()) };
    const serve = () => ensureServer({ home: home.path(), env, onProgress: quiet });
    const { address, pid } = await serve();
    // Without interceptors the client does not retry by itself: only our own retries are tested.
    const connection = await Connection.connect({ address, interceptors: [] });
    const client = new Client({ connection });
    const resolved = await resolveTinySweep({ name: 'watched' });
    const started = await startSweep(resolved, { client });
    const notices: string[] = [];
    const plan = await planGrid(resolved);
    const watch = (own: Partial<WatchOptions>) =>
      watchSweep({
        client,
        plan,
        started,
        onStatus: quiet,
        intervalMs: 250,
        ...own,
      });
    const patient = watch({ onNotice: (text) => notices.push(text) });
    patient.catch(quiet);
    const impatient = watch({ outageHours: 0.5 / 3600 });

    process.kill(pid, 'SIGKILL');
    await assert.rejects(impatient, codeIs('TEMPORAL_SILENT'));
    await until('it says that the server is silent', () => Promise.resolve(notices.length === 1));
    await serve();
    await until('it says that the server is back', () => Promise.resolve(notices.length === 2));
    await started.handle.terminate();
    await assert.rejects(patient, codeIs('RUN_ENDED'));
    assert.match(notices.join(' '), /does not answer; .* answers again\.$/);
    await connection.close();
  });
});
