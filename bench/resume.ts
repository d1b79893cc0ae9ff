/**
 * Kills an SFT job and a DPO job of the embedded recipe at random steps, resumes them, and compares the results with an
 * undisturbed run, byte by byte. Also measures the share of time that checkpoints take.
 *
 *   npm run bench -- resume [--model FOLDER] [--rows N] [--pairs N] [--kills N] [--threads N]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { trainerEvent, type TrainerEvent } from '../schemas/trainer-event';
import { writeBenchData } from './data';
import { stageJob, trainer, type Stage, type StageFiles } from './jobs';
import { median } from './median';
import { printTable } from './table';

interface Timed {
  readonly event: TrainerEvent;
  readonly ms: number;
}

interface RunOptions {
  readonly folder: string;
  /** Default: the recipe's. */
  readonly checkpointEverySteps?: number;
  readonly watch?: (event: TrainerEvent, child: ChildProcess) => void;
}

/** Small, so that most starts resume from a checkpoint. */
const killedInterval = 3;

/** Runs a stage in its folder until it ends or `watch` ends it. */
async function runStage(files: StageFiles, stage: Stage, options: RunOptions): Promise<Timed[]> {
  const { folder, watch, ...interval } = options;
  mkdirSync(folder, { recursive: true });
  const job = stageJob(files, stage, folder);
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify({ ...job, ...interval, training: withDropout(job.training) }));
  const child = spawn(process.execPath, [trainer, job.command, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.once('close', done));
  const events: Timed[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = trainerEvent.parse(JSON.parse(line));
    events.push({ event, ms: performance.now() });
    watch?.(event, child);
  }
  await ended;
  return events;
}

/** With dropout, whose random numbers must also resume. */
const withDropout = (training: ReturnType<typeof stageJob>['training']) => ({
  ...training,
  lora: training.lora && { ...training.lora, dropout: 0.1 },
});

function outputsOf(events: readonly Timed[]): string | null {
  const result = events.map(({ event }) => event).find((event) => event.event === 'result');
  return result === undefined ? null : result.files.map(({ path, sha256 }) => `${path} ${sha256}`).join('\n');
}

const stepOf = ({ event }: Timed): number => (event.event === 'metric' ? event.step : 0);

/** A step after which a process was killed, and the step of the checkpoint from which the next one resumes. */
interface Kill {
  readonly step: number;
  readonly checkpoint: number;
}

interface Kills {
  readonly kills: readonly Kill[];
  readonly same: boolean;
}

/** Step of the newest checkpoint in a process's events; 0 for a fresh start that has none yet. */
function checkpointAfter(earlier: number, event: TrainerEvent): number {
  if (event.event === 'hello') return event.resumedFromStep;
  return event.event === 'checkpoint' ? event.step : earlier;
}

/** Kills the job the given number of times, each at a random step after a checkpoint; then lets it finish. */
async function killOften(files: StageFiles, stage: Stage, options: { folder: string; kills: number }) {
  const whole = await runStage(files, stage, { folder: join(options.folder, `${stage}-whole`) });
  const total = Math.max(...whole.map(stepOf));
  const kills: Kill[] = [];
  const killed = { folder: join(options.folder, `${stage}-killed`), checkpointEverySteps: killedInterval };
  for (let kill = 0; kill < options.kills; kill += 1) {
    const wait = 1 + Math.floor(Math.random() * 2 * killedInterval);
    let [seen, checkpoint] = [0, 0];
    const watch: RunOptions['watch'] = (event, child) => {
      checkpoint = checkpointAfter(checkpoint, event);
      if (checkpoint === 0 || event.event !== 'metric' || event.step === total) return;
      seen += 1;
      if (seen !== wait) return;
      kills.push({ step: event.step, checkpoint });
      child.kill('SIGKILL');
    };
    await runStage(files, stage, { ...killed, watch });
  }
  const same = outputsOf(await runStage(files, stage, killed)) === outputsOf(whole);
  return { whole, killed: { kills, same } satisfies Kills };
}

/** Time of a step with a checkpoint less that of a step without one. */
function checkpointCost(
  events: readonly Timed[],
  everySteps: number,
): { stepMs: number; checkpointMs: number; share: number } {
  const gaps = events.slice(1).map(({ event, ms }, index) => ({ event, ms: ms - events[index]!.ms }));
  const checkpointMs = median(gaps.filter(({ event }) => event.event === 'checkpoint').map(({ ms }) => ms));
  const stepMs = median(gaps.filter(({ event }) => event.event === 'metric').map(({ ms }) => ms));
  return { stepMs, checkpointMs, share: checkpointMs / (everySteps * stepMs) };
}

/** Prints a line for each stage. @throws if bytes differ */
export async function benchResume(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      model: { type: 'string', default: resolve(__dirname, '..', 'models', 'tiny-math') },
      rows: { type: 'string', default: '256' },
      pairs: { type: 'string', default: '256' },
      kills: { type: 'string', default: '20' },
      threads: { type: 'string', default: '1' },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-resume-'));
  try {
    const counts = { rows: Number(values.rows), pairs: Number(values.pairs), heldOut: 1 };
    const files = {
      model: values.model,
      data: writeBenchData(folder, counts),
      threads: Number(values.threads),
    };
    const lines: string[][] = [];
    for (const stage of ['sft', 'dpo'] as const) {
      const { whole, killed } = await killOften(files, stage, { folder, kills: Number(values.kills) });
      const cost = checkpointCost(whole, stageJob(files, stage, folder).checkpointEverySteps);
      const steps = killed.kills.map(({ step, checkpoint }) => `${step} (${checkpoint})`);
      console.log(`${stage}: killed after steps (and checkpoints) ${steps.join(', ')}`);
      lines.push([
        stage,
        String(killed.kills.length),
        killed.same ? 'equal' : 'DIFFERENT',
        cost.stepMs.toFixed(1),
        cost.checkpointMs.toFixed(1),
        `${(100 * cost.share).toFixed(2)}%`,
      ]);
    }
    printTable(['stage', 'kills', 'bytes', 'ms per step', 'ms per checkpoint', 'share of the time'], lines);
    if (lines.some((line) => line.includes('DIFFERENT')))
      throw new Error('The bytes of a resumed run differ.');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
