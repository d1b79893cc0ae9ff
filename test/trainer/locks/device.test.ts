import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { lockDevice } from '../../../trainer/locks/device';
import { temporaryFolder } from '../../support/temporary';

const nobodyAsks = { poll: () => Promise.resolve(null) };

describe('pure: the lock of a device', () => {
  const folder = temporaryFolder();

  const lock = (names: readonly string[], options: Partial<Parameters<typeof lockDevice>[0]> = {}) => {
    const paths = names.map((name) => folder.at('devices', name));
    const environment = { BUDGETLINE_DEVICE_LOCKS: paths.join(delimiter) };
    return lockDevice({ stop: nobodyAsks, environment, waitMs: 100, ...options });
  };

  it('takes whichever of the devices is free; where none is, the process that has it is named', async () => {
    const devices = ['cpu-0', 'cpu-1'];
    const unlocks = [await lock(devices), await lock(devices)];
    await assert.rejects(lock(devices), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'DEVICE_BUSY');
      assert.match(error.message, new RegExp(`Process ${process.pid} computes on cpu-0, cpu-1`));
      return true;
    });
    unlocks[1]?.();
    (await lock(devices, { waitMs: 0 }))();
    unlocks[0]?.();
  });

  it('is waited for, unless the process is asked to stop meanwhile', async () => {
    const unlock = await lock(['gpu']);
    const stop = { poll: () => Promise.resolve('SIGTERM') };
    await assert.rejects(lock(['gpu'], { stop, waitMs: 20_000 }), { code: 'TRAINER_YIELDED' });
    setTimeout(unlock, 150);
    (await lock(['gpu'], { waitMs: 20_000 }))();
  });

  it('is nobody’s business where the supervisor names no device', async () => {
    (await lockDevice({ stop: nobodyAsks, environment: {} }))();
  });
});
