import assert from 'node:assert/strict';
import type { Quota } from '../../../bench/chaos/campaign';
import { runChaos } from '../../../bench/chaos/chaos';
import { resolveChaosSweep } from '../../../bench/chaos/sweep';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const { sft, preference } = gradeSchoolMathDefaults;

/** The faults of the bench that are over within seconds. */
const quota: Quota = {
  kills: { trainSft: 1, trainPreference: 1 },
  kinds: {
    'worker-killed': 1,
    'workflow-worker-killed': 1,
    'server-killed': 1,
    'connection-dropped': 1,
    'checkpoint-cut': 1,
    'out-of-memory': 1,
  },
};

describe('a sweep under faults', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  it('ends like an undisturbed one, and its ledger records every attempt', async () => {
    const resolved = await resolveChaosSweep({
      name: 'chaos-in-short',
      budgets: [32],
      sftFractions: [0.5],
      sft: { ...sft, epochs: 24 },
      preference: { ...preference, epochs: 12 },
      evaluation: { items: 16, maxNewTokens: 48 },
    });
    const { faults, verdicts } = await runChaos({
      resolved,
      folder: folder.path(),
      seed: 1,
      quota,
      heartbeatSeconds: 5,
      signal: AbortSignal.timeout(acquisitionLimitMs),
      onNotice: () => undefined,
      onFault: () => undefined,
    });
    for (const { what, holds, found } of verdicts) assert.ok(holds, `${what}: ${found}`);
    const hit = faults.filter((fault) => fault.hit).map(({ kind }) => kind);
    for (const kind of [...Object.keys(quota.kinds), 'trainer-killed'])
      assert.ok(
        hit.some((each) => each === kind),
        `${kind} among ${hit.join(', ')}`,
      );
  });
});
