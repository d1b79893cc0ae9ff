import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { PlannedStage, StageKey, StageResources } from '../../contracts/stage';
import { isMissing } from '../../host/fs-errors';

/** Estimated disk and memory of a plan, without controls and what its results decide. */
export interface PlanResources {
  /** Bytes that the stages of the cells and of the base model take in the store. */
  readonly storeBytes: number;
  /** The part of `storeBytes` that is not in the store yet. */
  readonly storeBytesToRun: number;
  /** Bytes of scratch while the largest stages run at once, one on each slot. */
  readonly scratchBytes: number;
  /** Largest peak memory of one process that is still to run, and its stage; null: none is known. */
  readonly memory: { readonly bytes: number; readonly stage: string } | null;
  /** Bytes of memory while the largest stages run at once, one on each slot. */
  readonly memoryBytes: number;
  /** Unique stages whose disk is unknown, and stages still to run whose memory is. */
  readonly unknown: { readonly disk: number; readonly memory: number };
}

export interface ResourceOptions {
  /** Stages whose artifacts are in the store. */
  readonly cached: ReadonlySet<StageKey>;
  readonly slots: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The sum of the largest values, one for each slot. */
const largestAtOnce = (values: readonly number[], slots: number): number =>
  sum([...values].sort((a, b) => b - a).slice(0, slots));

const resourcesOf = (stages: readonly PlannedStage[]): StageResources[] =>
  stages.flatMap(({ resources }) => resources ?? []);

const memoryOf = ({ resources }: PlannedStage): number | null => resources?.memoryBytes ?? null;

/** @param stages every stage once */
export function summarizeResources(
  stages: readonly PlannedStage[],
  { cached, slots }: ResourceOptions,
): PlanResources {
  const toRun = stages.filter(({ key }) => !cached.has(key));
  const storeBytes = (of: readonly PlannedStage[]): number =>
    sum(resourcesOf(of).map((each) => each.storeBytes));
  const needs = toRun.flatMap((stage) => {
    const bytes = memoryOf(stage) ?? 0;
    return bytes === 0 ? [] : { bytes, stage: stage.title };
  });
  const [memory = null] = [...needs].sort((a, b) => b.bytes - a.bytes);
  return {
    storeBytes: storeBytes(stages),
    storeBytesToRun: storeBytes(toRun),
    scratchBytes: largestAtOnce(
      resourcesOf(toRun).map((each) => each.scratchBytes),
      slots,
    ),
    memory,
    memoryBytes: largestAtOnce(
      needs.map(({ bytes }) => bytes),
      slots,
    ),
    unknown: {
      disk: stages.filter(({ resources }) => resources === undefined).length,
      memory: toRun.filter((stage) => memoryOf(stage) === null).length,
    },
  };
}

/** What this machine has, in bytes. */
export interface Machine {
  readonly freeBytes: number;
  readonly memoryBytes: number;
}

/** Free bytes on the disk of a folder, which need not exist yet. */
async function freeBytesAt(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (isMissing(error) && dirname(folder) !== folder) return freeBytesAt(dirname(folder));
    throw error;
  }
}

/** This machine, with the disk of a home. */
export async function readMachine(home: string): Promise<Machine> {
  return { freeBytes: await freeBytesAt(home), memoryBytes: totalmem() };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Warns if the machine has less disk or memory than the plan needs. */
export function warnOfResources(
  { storeBytesToRun, scratchBytes, memoryBytes }: PlanResources,
  { home, slots, machine }: { readonly home: string; readonly slots: number; readonly machine: Machine },
): string[] {
  const diskBytes = storeBytesToRun + scratchBytes;
  const disk =
    diskBytes > machine.freeBytes
      ? [
          `The plan needs about ${gigabytes(diskBytes)} of disk; ${home} has ${gigabytes(machine.freeBytes)} free.`,
        ]
      : [];
  const memory =
    memoryBytes > machine.memoryBytes
      ? [
          `The largest stages need about ${gigabytes(memoryBytes)} of memory when they run at once (slots: ${slots}); this machine has ${gigabytes(machine.memoryBytes)}.`,
        ]
      : [];
  return [...disk, ...memory];
}
