import assert from 'node:assert/strict';
import { summarizeResources, warnOfResources } from '../../../../app/plan/resources';
import type { PlannedStage, StageResources } from '../../../../contracts/stage';
import { embeddedModelPath } from '../../../../host/package-files';
import { planGrid } from '../../../../planning';
import type { SweepInput } from '../../../../definitions';
import { readModelSize } from '../../../../store';
import { gradeSchoolMathDefaults } from '../../../../tasks';
import { resolveSweep } from '../../../support/planning/resolve';

async function stagesOf(changes: Partial<SweepInput> = {}): Promise<readonly PlannedStage[]> {
  const sweep = resolveSweep({ budgets: [64], sftFractions: [0.5], ...changes });
  const model = { ...sweep.model, ...(await readModelSize(embeddedModelPath)) };
  return (await planGrid({ ...sweep, model })).stages.map(({ stage }) => stage);
}

const resourcesOf = async (kind: string, changes?: Partial<SweepInput>): Promise<StageResources> =>
  (await stagesOf(changes)).find((stage) => stage.kind === kind)!.resources!;

const none = { cached: new Set<string>(), slots: 1 };

describe('the disk and memory of a plan', () => {
  it('has each stage once, without those in the store', async () => {
    const stages = await stagesOf();
    const all = summarizeResources(stages, none);
    const sum = stages.reduce((total, { resources }) => total + resources!.storeBytes, 0);
    assert.deepEqual([all.storeBytes, all.storeBytesToRun], [sum, sum]);
    const [first] = stages;
    const rest = summarizeResources(stages, { ...none, cached: new Set([first!.key]) });
    assert.equal(rest.storeBytes, sum);
    assert.equal(rest.storeBytesToRun, sum - first!.resources!.storeBytes);
    const cached = new Set(stages.map(({ key }) => key));
    const nothing = summarizeResources(stages, { ...none, cached });
    const { storeBytesToRun, scratchBytes, memoryBytes, memory } = nothing;
    assert.deepEqual([storeBytesToRun, scratchBytes, memoryBytes, memory], [0, 0, 0, null]);
  });

  it('adds up the largest stages, one for each slot, and names the largest', async () => {
    const stages = await stagesOf();
    const sizes = stages.map(({ resources }) => resources!.memoryBytes!).sort((a, b) => b - a);
    const { memory, memoryBytes } = summarizeResources(stages, { ...none, slots: 2 });
    assert.equal(memoryBytes, sizes[0]! + sizes[1]!);
    assert.equal(memory?.bytes, sizes[0]);
    assert.equal(stages.find(({ title }) => title === memory?.stage)?.resources?.memoryBytes, sizes[0]);
  });

  it('grows with rank, with all weights trained, and with the micro-batch', async () => {
    const { sft } = gradeSchoolMathDefaults;
    const plain = await resourcesOf('trainSft');
    const wide = await resourcesOf('trainSft', { sft: { ...sft, lora: { rank: 32, alpha: 16 } } });
    const full = await resourcesOf('trainSft', { sft: { ...sft, lora: null } });
    const small = await resourcesOf('trainSft', { execution: { microBatchSize: 1 } });
    const adapter = 4 * 16 * 4 * (4 * (128 + 128) + 3 * (128 + 352));
    assert.equal(wide.storeBytes - plain.storeBytes, adapter);
    assert.ok(full.storeBytes > 4 * 820_736 && full.scratchBytes > 9 * 4 * 820_736);
    assert.ok(small.memoryBytes! < plain.memoryBytes! && plain.memoryBytes! < full.memoryBytes!);
  });

  it('is unknown where the model’s files do not say, and its memory on device "cuda"', async () => {
    const { stages } = await planGrid(resolveSweep({ budgets: [64], sftFractions: [0.5] }));
    const unread = summarizeResources(
      stages.map(({ stage }) => stage),
      none,
    );
    assert.equal(unread.unknown.disk, 4, 'SFT, DPO, two references');
    const onGpu = await stagesOf({ execution: { device: 'cuda' } });
    const { unknown } = summarizeResources(onGpu, none);
    assert.equal(unknown.disk, 0);
    const computed = onGpu.filter(({ work }) => work.tokens > 0);
    assert.equal(unknown.memory, computed.length);
  });

  it('warns if the machine has less disk or memory', async () => {
    const resources = summarizeResources(await stagesOf(), { ...none, slots: 2 });
    const { storeBytesToRun, scratchBytes, memoryBytes } = resources;
    const needed = { freeBytes: storeBytesToRun + scratchBytes, memoryBytes };
    const warn = (machine: typeof needed): string[] =>
      warnOfResources(resources, { home: '/home', slots: 2, machine });
    assert.deepEqual(warn(needed), []);
    const [disk, ...others] = warn({ ...needed, freeBytes: needed.freeBytes - 1 });
    assert.match(disk!, /needs about .* of disk; \/home has .* free/);
    assert.deepEqual(others, []);
    const [memory] = warn({ ...needed, memoryBytes: memoryBytes - 1 });
    assert.match(memory!, /slots: 2.*this machine has/);
  });
});
