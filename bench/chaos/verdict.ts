import { join } from 'node:path';
import type { LedgerLine } from '../../schemas/ledger';
import type { SweepResult } from '../../contracts/results';
import type { PlannedStage, StageResult } from '../../contracts/stage';
import { type SweepPlan } from '../../planning';
import { inputDigest } from '../../stages';
import { scratchFolder } from '../../host/home';
import { createFolderStore } from '../../store';
import { folderLayout } from '../../store/folder';
import { readSafetensors } from '../../trainer/io/safetensors';
import { restartsOf } from './restarts';
import type { Sampled } from './sampler';
import { readEvents, readStarts } from './targets';

/** A condition on the end of the sweep, and what was found. */
export interface Verdict {
  readonly what: string;
  readonly holds: boolean;
  readonly found: string;
}

/** Largest change by a smaller micro-batch (out of memory): of weights in relative L2, of scores as a fraction of items. */
export const tolerance = { weights: 1e-5, score: 0.02 } as const;

export interface Evidence {
  readonly plan: SweepPlan;
  readonly homes: { readonly quiet: string; readonly disturbed: string };
  readonly results: { readonly quiet: SweepResult; readonly disturbed: SweepResult };
  readonly checkpointEverySteps: number;
  readonly log: string;
  readonly sampled: Sampled;
  /** Processes of the disturbed home that are still there. */
  readonly left: readonly number[];
}

const verdict = (what: string, holds: boolean, found: string): Verdict => ({ what, holds, found });
const some = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : names.slice(0, 5).join('; ');

const stagesOf = ({ baseStages, cells, tests }: SweepResult): Map<string, StageResult> => {
  const ran = [...cells, ...tests].flatMap(({ stages }) => stages);
  return new Map([...baseStages, ...ran].map((stage) => [stage.key, stage]));
};

type Ledgers = ReadonlyMap<string, readonly LedgerLine[]>;

async function readLedgers({ results, homes }: Evidence): Promise<Ledgers> {
  const store = createFolderStore(homes.disturbed);
  const lines = [...stagesOf(results.disturbed).keys()].map(
    async (key) => [key, await store.chain({ stage: key }).read()] as const,
  );
  return new Map(await Promise.all(lines));
}

function judgeCells({ plan, results: { disturbed } }: Evidence): Verdict {
  const failedCells = disturbed.failedCells.map(({ cell, code }) => `${cell.id} ${code}`);
  const done = disturbed.cells.length;
  return verdict(
    'every cell is done',
    done === plan.cells.length && failedCells.length === 0,
    `${done} of ${plan.cells.length}; failed: ${some(failedCells)}`,
  );
}

/** Stages with a micro-batch reduction, and those made from their results. */
function changedPlans({ plan }: Evidence, ledgers: Ledgers): Set<string> {
  const changed = new Set<string>();
  const own = ({ key }: PlannedStage): boolean =>
    ledgers.get(key)?.some(({ type }) => type === 'attempt-micro-batch-reduced') === true;
  const inherited = ({ inputs }: PlannedStage): boolean =>
    Object.values(inputs).some((input) => changed.has(inputDigest(input)));
  // In the plan a stage follows its inputs.
  for (const { stage } of plan.stages) if (own(stage) || inherited(stage)) changed.add(stage.key);
  return changed;
}

function judgeBytes({ results }: Evidence, changed: ReadonlySet<string>): Verdict {
  const [quiet, disturbed] = [stagesOf(results.quiet), stagesOf(results.disturbed)];
  const compared = [...quiet.values()].filter(({ key }) => !changed.has(key));
  const others = compared.filter(({ key, digest }) => disturbed.get(key)?.digest !== digest);
  const found = `${compared.length} artifacts compared, other bytes: ${some(others.map(({ title }) => title))}`;
  return verdict(
    'artifacts are the undisturbed sweep’s, byte for byte',
    compared.length > 0 && others.length === 0,
    found,
  );
}

/** Relative L2 distance of all tensors of two files. */
function distance(quiet: string, disturbed: string): number {
  const [one, other] = [readSafetensors(quiet).tensors, readSafetensors(disturbed).tensors];
  let [difference, size] = [0, 0];
  for (const [name, { data }] of one) {
    const values = other.get(name)?.data ?? new Float32Array(data.length);
    data.forEach((value, index) => {
      difference += (value - (values[index] ?? 0)) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

/** By what a stage makes. */
const weightFiles: Readonly<Record<string, string>> = {
  adapter: 'adapter_model.safetensors',
  model: 'model.safetensors',
};

/** Distance of a stage with a smaller micro-batch from the undisturbed one, in the unit of its tolerance. */
function distanceOf(
  { homes, results }: Evidence,
  { kind, key, makes }: PlannedStage,
): { far: number; limit: number } {
  const file = weightFiles[makes];
  if (file !== undefined) {
    const [quiet, disturbed] = [homes.quiet, homes.disturbed].map((home) =>
      join(folderLayout(home).part({ artifact: { kind, key } }), file),
    );
    return { far: distance(quiet ?? '', disturbed ?? ''), limit: tolerance.weights };
  }
  const scoreOf = (result: SweepResult): number => stagesOf(result).get(key)?.metrics['score'] ?? NaN;
  return { far: Math.abs(scoreOf(results.quiet) - scoreOf(results.disturbed)), limit: tolerance.score };
}

function judgeTolerance(evidence: Evidence, changed: ReadonlySet<string>): Verdict {
  const stages = evidence.plan.stages.map(({ stage }) => stage).filter(({ key }) => changed.has(key));
  const measured = stages.map((stage) => ({ stage, ...distanceOf(evidence, stage) }));
  const outside = measured.filter(({ far, limit }) => !(far <= limit));
  const most = (of: 'weights' | 'score'): string => {
    const far = measured.filter(({ limit }) => limit === tolerance[of]).map((each) => each.far);
    return Math.max(0, ...far).toExponential(1);
  };
  const found = `${stages.length} with a smaller micro-batch; weights within ${most('weights')}, scores within ${most('score')}; outside: ${some(outside.map(({ stage }) => stage.title))}`;
  return verdict('stages that ran out of memory are within tolerance', outside.length === 0, found);
}

function judgeSteps({ plan, homes, checkpointEverySteps }: Evidence): Verdict[] {
  const restarts = plan.stages.flatMap(({ stage }) =>
    restartsOf(readEvents(scratchFolder(homes.disturbed, stage.key)), checkpointEverySteps),
  );
  const resumed = restarts.filter(({ from }) => from > 0);
  const fromNothing = restarts.filter(({ from, hadCheckpoint }) => from === 0 && hadCheckpoint);
  const tooMuch = restarts.filter(({ redone, allowed }) => redone > allowed);
  const sum = (steps: readonly number[]): number => steps.reduce((total, step) => total + step, 0);
  return [
    verdict(
      'trainings resume from checkpoints',
      resumed.length > 0 && fromNothing.length === 0,
      `${restarts.length} restarts, ${resumed.length} from a checkpoint, ${sum(resumed.map(({ from }) => from))} steps not repeated; from the start despite a checkpoint: ${fromNothing.length}`,
    ),
    verdict(
      'no more than one interval is repeated',
      tooMuch.length === 0,
      `${sum(restarts.map(({ redone }) => redone))} steps repeated in all, at most ${Math.max(0, ...restarts.map(({ redone }) => redone))} at once; too many: ${tooMuch.length}`,
    ),
  ];
}

/** Every trainer that started belongs to an attempt of its worker, and every attempt has an end. */
function judgeLedger({ log }: Evidence, ledgers: Ledgers): Verdict {
  const starts = readStarts(log);
  const unrecorded = starts.filter(
    ({ id, parentPid }) =>
      ledgers.get(id)?.some((line) => line.type === 'attempt-started' && line.pid === parentPid) !== true,
  );
  const lines = [...ledgers.values()].flat();
  const ended = lines.filter((line) => line.type === 'attempt-ended');
  const lost = lines.filter((line) => line.type === 'attempt-lost').length;
  const attempts = lines.filter(({ type }) => type === 'attempt-started').length;
  const counted = ended.reduce((sum, line) => sum + line.trainerProcesses, 0);
  const holds = unrecorded.length === 0 && attempts === ended.length + lost && counted <= starts.length;
  return verdict(
    'the ledger records every attempt',
    holds,
    `${attempts} attempts: ${ended.length} with an end, ${lost} lost; ${starts.length} trainers started, unrecorded: ${unrecorded.length}`,
  );
}

function judgeSamples({ sampled, left }: Evidence): Verdict[] {
  const { looks, most, devices, violations } = sampled;
  return [
    verdict(
      'no device had two trainers',
      looks > 0 && most > 0 && violations.length === 0,
      `${looks} looks at the process table, at most ${most} trainers on ${devices} devices; violations: ${some(violations)}`,
    ),
    verdict('no process is left', left.length === 0, some(left.map(String))),
  ];
}

async function judgeStore({ plan, homes }: Evidence): Promise<Verdict> {
  const store = createFolderStore(homes.disturbed);
  const bad: string[] = [];
  for (const { stage } of plan.stages)
    await store.verify(stage).catch((error: unknown) => bad.push(String(error)));
  return verdict(
    'every artifact is whole',
    bad.length === 0,
    `${plan.stages.length} read; bad: ${some(bad)}`,
  );
}

/** Checks the result of a disturbed sweep. */
export async function judge(evidence: Evidence): Promise<Verdict[]> {
  const ledgers = await readLedgers(evidence);
  const changed = changedPlans(evidence, ledgers);
  return [
    judgeCells(evidence),
    judgeBytes(evidence, changed),
    judgeTolerance(evidence, changed),
    await judgeStore(evidence),
    ...judgeSteps(evidence),
    ...judgeSamples(evidence),
    judgeLedger(evidence, ledgers),
  ];
}
