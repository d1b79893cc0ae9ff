/** `npm run chaos [-- --seed N --minutes N --keep]`: injects faults at random moments and checks the results. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printTable } from '../table';
import type { Fault, Quota } from './campaign';
import { runChaos, type ChaosResult } from './chaos';
import { faultKinds } from './faults';
import { resolveChaosSweep } from './sweep';

/** Kills by kind of stage, each after a save; of all other faults the given number. */
const quota: Quota = {
  kills: { synthesizeData: 5, trainSft: 5, trainPreference: 5, evaluate: 5 },
  killWeight: 4,
  kinds: {
    'trainer-stopped': 4,
    'worker-killed': 4,
    'worker-killed-trainer-stopped': 3,
    'workflow-worker-killed': 3,
    'server-killed': 4,
    'connection-dropped': 4,
    'checkpoint-cut': 4,
    'disk-full': 3,
    'out-of-memory': 4,
  },
};
const fewestFaults = 50;

const startedMs = performance.now();
const clock = (): string => `${((performance.now() - startedMs) / 1000).toFixed(0).padStart(5)} s`;

function printFault({ kind, stageKind, step, hit, saved }: Fault): void {
  const place = `${stageKind}, step ${step}${saved ? ', past a checkpoint' : ''}`;
  console.log(`${clock()}  ${kind} under ${place}${hit ? '' : ': missed'}`);
}

/** Faults that were wanted and did not happen. */
function listMissing({ faults, hadDisk }: ChaosResult): string[] {
  const hits = faults.filter(({ hit }) => hit);
  const kinds = Object.entries(quota.kinds).flatMap(([kind, wanted]) => {
    const found = hits.filter((fault) => fault.kind === kind).length;
    return found < wanted ? [`${kind}: ${found} of ${wanted}`] : [];
  });
  const kills = Object.entries(quota.kills).flatMap(([stageKind, wanted]) => {
    const found = hits.filter(
      (fault) => fault.kind === 'trainer-killed' && fault.stageKind === stageKind && fault.saved,
    );
    return found.length < wanted ? [`kills of ${stageKind}: ${found.length} of ${wanted}`] : [];
  });
  return [
    ...kinds,
    ...kills,
    ...(hits.length < fewestFaults ? [`${hits.length} faults of ${fewestFaults}`] : []),
    ...(hadDisk
      ? []
      : [
          'no tmpfs can be mounted here: start it as root, or under "unshare --user --map-root-user --mount"',
        ]),
  ];
}

function printCounts({ faults }: ChaosResult): void {
  const count = (holds: (fault: Fault) => boolean): string => String(faults.filter(holds).length);
  printTable(
    ['fault', 'hit running work', 'past a checkpoint', 'missed'],
    faultKinds.map((kind) => [
      kind,
      count((fault) => fault.kind === kind && fault.hit),
      count((fault) => fault.kind === kind && fault.hit && fault.saved),
      count((fault) => fault.kind === kind && !fault.hit),
    ]),
  );
  printTable(
    ['stage', 'trainer killed past a checkpoint', 'all faults'],
    [...new Set(faults.map(({ stageKind }) => stageKind))].map((stageKind) => [
      stageKind,
      count(
        (fault) =>
          fault.stageKind === stageKind && fault.kind === 'trainer-killed' && fault.hit && fault.saved,
      ),
      count((fault) => fault.stageKind === stageKind && fault.hit),
    ]),
  );
}

/** True if every check passed. */
function printEnd(result: ChaosResult): boolean {
  printCounts(result);
  const missing = listMissing(result);
  console.log('');
  for (const { what, holds, found } of result.verdicts)
    console.log(`${holds ? 'holds ' : 'BROKEN'}  ${what}: ${found}`);
  for (const what of missing) console.log(`MISSING ${what}`);
  return missing.length === 0 && result.verdicts.every(({ holds }) => holds);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '45' },
      keep: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-chaos-'));
  console.log(`seed ${values.seed}, at most ${values.minutes} minutes, in ${folder}`);
  const onNotice = (text: string): void => console.log(`${clock()}  ${text}`);
  try {
    const result = await runChaos({
      resolved: await resolveChaosSweep(),
      folder,
      seed: Number(values.seed),
      quota,
      heartbeatSeconds: 8,
      onNotice,
      signal: AbortSignal.timeout(Number(values.minutes) * 60_000),
      onFault: printFault,
    });
    return printEnd(result) ? 0 : 1;
  } finally {
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
