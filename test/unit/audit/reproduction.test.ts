import { strict as assert } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  compareReproduction,
  openExperimentLedger,
  recordStages,
  type ReproducedStage,
} from '../../../audit';
import { digestOf } from '../../../core/digest';
import { createFolderStore } from '../../../store';
import { publishStage } from '../../support/audit/published';
import { paidNothing } from '../../support/payments';
import { temporaryFolder } from '../../support/temporary';

interface Made {
  /** Bytes of the trained weights. */
  readonly weights: string;
  readonly threads?: number;
  readonly revision?: number;
  readonly scores?: string;
}

const cost = { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 };
const experimentId = 'e';

describe('a reproduced run, compared with its record', () => {
  const folder = temporaryFolder();
  let count = 0;

  /** A store with a training stage and its evaluation, published and recorded without training. */
  async function make({ weights, threads = 1, revision = 1, scores = '' }: Made) {
    const store = createFolderStore(folder.at(`home-${count++}`));
    await store.prepare();
    const opening = { experimentId, definitionDigest: 'd'.repeat(64), definition: {}, actor: 'a' };
    await openExperimentLedger(store, opening);
    const publish = async (kind: 'trainSft' | 'evaluate', bytes: string, read: Record<string, string>) => {
      const inputs: Record<string, string> =
        kind === 'evaluate' ? { adapter: digestOf({ kind: 'trainSft', revision }) } : {};
      const spec = { kind };
      const key = kind === 'evaluate' ? digestOf(inputs) : digestOf({ kind, revision });
      const dir = join(store.name, key);
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, 'file'), bytes);
      const how = { device: 'cpu', threads, trainer: 't', microBatches: [], warnings: [], cost };
      const made = {
        at: new Date().toISOString(),
        host: 'h',
        experimentId,
        fence: 1,
        paid: paidNothing,
        ...how,
      };
      const makes = kind === 'evaluate' ? 'scores' : 'adapter';
      const manifest = { makes, revision, title: kind, spec, inputs, inputDigests: read, metrics: {}, made };
      const { digest } = (
        await store.publish({ id: { kind, key }, dir, manifest }, { check: () => Promise.resolve() })
      ).manifest;
      await recordStages(store, experimentId, [
        { stage: key, kind, cached: false, artifact: digest, stageHead: null },
      ]);
      return digest;
    };
    const adapter = await publish('trainSft', weights, {});
    await publish('evaluate', scores, { adapter });
    return { store, experimentId };
  }

  const outcomes = (stages: readonly ReproducedStage[]): string[] => stages.map(({ outcome }) => outcome);

  it('is identical if every stage has the same bytes, in any environment', async () => {
    const result = await compareReproduction(
      await make({ weights: 'w' }),
      await make({ weights: 'w', threads: 2 }),
    );
    assert.deepEqual([result.reproduced, outcomes(result.stages)], [true, ['identical', 'identical']]);
  });

  it('names what differs in the determinism class, and marks stages with different inputs', async () => {
    const result = await compareReproduction(
      await make({ weights: 'w', scores: 's' }),
      await make({ weights: 'v', scores: 'r', threads: 2 }),
    );
    assert.deepEqual(
      [result.reproduced, outcomes(result.stages)],
      [false, ['different', 'different-inputs']],
    );
    assert.deepEqual(result.stages[0]?.differences, [{ field: 'threads', a: '1', b: '2' }]);
  });

  it('has no differences if only the record was changed', async () => {
    const result = await compareReproduction(await make({ weights: 'w' }), await make({ weights: 'v' }));
    assert.deepEqual([result.stages[0]?.outcome, result.stages[0]?.differences], ['different', []]);
  });

  it('names a stage’s revision that the installed code has changed', async () => {
    const result = await compareReproduction(
      await make({ weights: 'w' }),
      await make({ weights: 'w', revision: 2 }),
    );
    assert.deepEqual(outcomes(result.stages), ['not-run', 'not-run']);
    assert.deepEqual(result.stages[0]?.differences, [{ field: 'revision', a: '1', b: '2' }]);
  });

  it('compares a stage that did not run again with the nearest of those with its title', async () => {
    const dpo = async (settings: readonly object[]) => {
      const store = createFolderStore(folder.at(`home-${count++}`));
      await store.prepare();
      const opening = { experimentId, definitionDigest: 'd'.repeat(64), definition: {}, actor: 'a' };
      await openExperimentLedger(store, opening);
      for (const spec of settings) {
        const made = await publishStage(store, 'trainPreference', { title: 'DPO on 8 pairs', spec });
        const { key: stage, kind, digest: artifact } = made;
        await recordStages(store, experimentId, [{ stage, kind, cached: false, artifact, stageHead: null }]);
      }
      return { store, experimentId };
    };
    const recorded = await dpo([{ beta: 0.5, epochs: 2, seed: 1 }]);
    const again = await dpo([
      { beta: 0.1, epochs: 1, seed: 1 },
      { beta: 0.5, epochs: 3, seed: 1 },
    ]);
    const { stages } = await compareReproduction(recorded, again);
    assert.deepEqual(
      stages.map(({ outcome, differences }) => [outcome, differences]),
      [['not-run', [{ field: 'spec.epochs', a: '2', b: '3' }]]],
    );
  });
});
