import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { lockDevice } from '../../../../trainer/locks/device';
import { temporaryFolder } from '../../../support/temporary';

const nobodyAsks = { poll: () => Promise.resolve(null) };

describe('device locks', () => {
  const folder = temporaryFolder();

  const lock = (names: readonly string[], options: Partial<Parameters<typeof lockDevice>[0]> = {}) => {
    const paths = names.map((name) => folder.at('devices', name));
    const environment = { BUDGETLINE_DEVICE_LOCKS: paths.join(delimiter) };
    return lockDevice({ stop: nobodyAsks, environment, waitMs: 100, ...options });
  };

  it('take any free device; if none is free, name the holder', async () => {
    const devices = ['cpu-0', 'cpu-1'];
    const unlocks = [await lock(devices), await lock(devices)];
    await assert.rejects(lock(devices), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'DEVICE_BUSY');
      assert.match(error.message, new RegExp(`Process ${process.pid} is using cpu-0, cpu-1`));
      return true;
    });
    unlocks[1]?.();
    (await lock(devices, { waitMs: 0 }))();
    unlocks[0]?.();
  });

  it('are waited for, until a request to stop', async () => {
    const unlock = await lock(['gpu']);
    const stop = { poll: () => Promise.resolve('SIGTERM') };
    await assert.rejects(lock(['gpu'], { stop, waitMs: 20_000 }), { code: 'TRAINER_YIELDED' });
    setTimeout(unlock, 150);
    (await lock(['gpu'], { waitMs: 20_000 }))();
  });

  it('are not needed if the supervisor names no device', async () => {
    (await lockDevice({ stop: nobodyAsks, environment: {} }))();
  });
});
