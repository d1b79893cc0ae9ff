import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { listPending } from '../../client';
import type { ResolvedSweep } from '../../contracts/resolved';
import { planGrid, type SweepPlan } from '../../planning';
import { Campaign, type Fault, type Quota } from './campaign';
import { mountSmallDisk, type SmallDisk } from './disk';
import { createRandom } from '../../core/random';
import { listProcesses, Sampler } from './sampler';
import { runInWorld } from './sweep';
import { judge, type Verdict } from './verdict';

export interface ChaosOptions {
  readonly resolved: ResolvedSweep;
  readonly folder: string;
  readonly seed: number;
  readonly quota: Quota;
  /** Seconds without a heartbeat after which an attempt counts as lost. */
  readonly heartbeatSeconds: number;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
  readonly onFault: (fault: Fault) => void;
}

export interface ChaosResult {
  readonly plan: SweepPlan;
  readonly faults: readonly Fault[];
  readonly verdicts: readonly Verdict[];
  /** Whether there was a small disk to fill. */
  readonly hadDisk: boolean;
}

const diskMb = 192;

/** Whether a stage of the sweep waits for its next attempt after it failed with a code. */
async function failedWith(client: Client, { sweepId, cells }: SweepPlan, code: string): Promise<boolean> {
  const ids = [sweepId, ...cells.map(({ cell }) => cell.id)];
  const pending = await Promise.all(ids.map((id) => listPending(client, id).catch(() => [])));
  return pending.flat().some(({ lastFailure }) => lastFailure?.code === code);
}

/** Trainings whose model is not sampled from: a smaller micro-batch may change their last bits, but no later token. */
function samplesNothingAfter({ cells }: SweepPlan): (key: string) => boolean {
  const sampled = cells.filter(({ cell }) => cell.pairRows > 0).flatMap(({ stages }) => stages);
  const kept = new Set(sampled.filter(({ kind }) => kind === 'trainSft').map(({ key }) => key));
  return (key) => !kept.has(key);
}

interface Disturbed {
  readonly plan: SweepPlan;
  readonly home: string;
  readonly disk: SmallDisk | undefined;
}

async function runDisturbed(options: ChaosOptions, { plan, home, disk }: Disturbed) {
  const { resolved, folder, seed, quota, signal, heartbeatSeconds, onFault } = options;
  const sampler = new Sampler(home);
  const world = { folder: join(folder, 'disturbed-world'), home };
  let faults: readonly Fault[] = [];
  const result = await runInWorld(
    resolved,
    { world, signal, heartbeatSeconds },
    async (opened, client, over) => {
      const campaign = new Campaign({
        world: opened,
        random: createRandom(seed),
        disk,
        plan,
        home,
        quota,
        over,
        onFault,
        failedWith: (code) => failedWith(client, plan, code),
        mayChangePlan: samplesNothingAfter(plan),
      });
      await campaign.run();
      ({ faults } = campaign);
    },
  ).finally(() => sampler.stop());
  return { result, faults, sampled: sampler.stop(), log: join(world.folder, 'trainers.jsonl') };
}

/**
 * Runs a sweep twice, once undisturbed and once under a seeded campaign of faults, and checks the results.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { resolved, folder, signal, heartbeatSeconds, onNotice } = options;
  const plan = await planGrid(resolved);
  const homes = { quiet: join(folder, 'quiet'), disturbed: join(folder, 'disturbed') };
  for (const home of Object.values(homes)) mkdirSync(home, { recursive: true });
  onNotice(`${plan.cells.length} cells, ${plan.stages.length} stages; first undisturbed`);
  const world = { folder: join(folder, 'quiet-world'), home: homes.quiet };
  const quiet = await runInWorld(resolved, { world, signal, heartbeatSeconds });
  onNotice('done; now disturbed');
  const disk =
    (options.quota.kinds['disk-full'] ?? 0) > 0 ? mountSmallDisk(homes.disturbed, diskMb) : undefined;
  try {
    const disturbed = { plan, home: homes.disturbed, disk };
    const { result, faults, sampled, log } = await runDisturbed(options, disturbed);
    const { checkpointEverySteps } = resolved.definition.execution;
    const results = { quiet, disturbed: result };
    const left = listProcesses(homes.disturbed);
    const verdicts = await judge({ plan, homes, results, checkpointEverySteps, log, sampled, left });
    return { plan, faults, verdicts, hadDisk: disk !== undefined };
  } finally {
    disk?.unmount();
  }
}
