/** The two sides of the trainer benchmark; each runs a stage in its own process. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainerEvent, type EventOf } from '../schemas/trainer-event';
import { stageJob, trainer, type Recipe, type Stage, type StageFiles } from './jobs';
import { runPython } from './python';

export type Side = 'budgetline' | 'trl';

/** One run of one stage by one side, in seconds; `start` is the time before the stage's own work. */
export interface Run {
  readonly side: Side;
  readonly stage: Stage;
  readonly wallSeconds: number;
  readonly startSeconds: number;
  readonly stageSeconds: number;
  /** Processor time of the whole process, and of the stage alone; for our side both are of the whole process. */
  readonly cpuSeconds: number;
  readonly stageCpuSeconds: number;
  readonly steps: number;
  readonly lastLoss: number;
  readonly heldOutLoss: number;
  readonly peakMemoryBytes: number;
}

export interface Bench extends StageFiles {
  readonly python: string;
  readonly folder: string;
  readonly recipe: Recipe;
  /** Whether the other side compiles its model. */
  readonly compile: boolean;
}

export function rowsOf(path: string): number {
  return readFileSync(path, 'utf8').trim().split('\n').length;
}

interface Ended {
  readonly wallSeconds: number;
  readonly helloSeconds: number;
  readonly result: EventOf<'result'>;
}

/** Runs the executable and times its first and last event, which it prints on stdout. */
export async function runTrainer(command: string, job: string): Promise<Ended> {
  const begin = performance.now();
  const seconds = (): number => (performance.now() - begin) / 1000;
  const child = spawn(process.execPath, [trainer, command, job], { stdio: ['ignore', 'pipe', 'inherit'] });
  let hello = 0;
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (hello === 0) hello = seconds();
    text += chunk;
  });
  const status = await new Promise((done) => child.on('close', done));
  const wallSeconds = seconds();
  const events = text
    .trim()
    .split('\n')
    .map((line) => trainerEvent.parse(JSON.parse(line)));
  const result = events.find((event) => event.event === 'result');
  if (result === undefined) throw new Error(`the trainer ended with ${String(status)}: ${text.slice(-500)}`);
  return { wallSeconds, helloSeconds: hello, result };
}

function lastLossOf(outputDir: string): { steps: number; lastLoss: number } {
  const lines = readFileSync(join(outputDir, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const last = JSON.parse(lines.at(-1) ?? '{}') as { values: { loss: number } };
  return { steps: lines.length, lastLoss: last.values.loss };
}

export async function runOurs(bench: Bench, stage: Stage, workDir: string): Promise<Run> {
  const job = stageJob(bench, stage, workDir);
  const path = join(workDir, 'job.json');
  writeFileSync(path, JSON.stringify(job));
  const { wallSeconds, helloSeconds, result } = await runTrainer(job.command, path);
  return {
    side: 'budgetline',
    stage,
    wallSeconds,
    startSeconds: helloSeconds,
    stageSeconds: wallSeconds - helloSeconds,
    cpuSeconds: result.cpuMs / 1000,
    stageCpuSeconds: result.cpuMs / 1000,
    ...lastLossOf(job.outputDir),
    heldOutLoss: await judge(bench, stage, { workDir, adapter: job.outputDir }),
    peakMemoryBytes: result.peakMemoryBytes,
  };
}

interface TrlResult {
  readonly stageSeconds: number;
  readonly cpuSeconds: number;
  readonly stageCpuSeconds: number;
  readonly steps: number;
  readonly lastLoss: number;
  readonly peakMemoryBytes: number;
}

export async function runTrl(bench: Bench, stage: Stage, workDir: string): Promise<Run> {
  const training = bench.recipe[stage];
  const data = stage === 'sft' ? bench.data.demonstrations : bench.data.pairs;
  const steps = Math.ceil(rowsOf(data) / training.batchSize) * training.epochs;
  const adapter = join(workDir, 'adapter');
  const warmupSteps = Math.ceil(steps * training.warmupRatio);
  const { model, compile, recipe } = bench;
  const { beta } = recipe.loss;
  const spec = { model, data, outputDir: adapter, seed: 0, beta, training, warmupSteps, compile };
  const path = join(workDir, 'spec.json');
  writeFileSync(path, JSON.stringify(spec));
  const begin = performance.now();
  const result = (await runPython(bench.python, stage, path, bench.threads)) as TrlResult;
  const wallSeconds = (performance.now() - begin) / 1000;
  const { stageSeconds, cpuSeconds, stageCpuSeconds, lastLoss, peakMemoryBytes } = result;
  return {
    side: 'trl',
    stage,
    wallSeconds,
    startSeconds: wallSeconds - stageSeconds,
    stageSeconds,
    cpuSeconds,
    stageCpuSeconds,
    steps: result.steps,
    lastLoss,
    heldOutLoss: await judge(bench, stage, { workDir, adapter }),
    peakMemoryBytes,
  };
}

/** Held-out loss of an adapter, computed by PyTorch and PEFT for both sides. */
async function judge(bench: Bench, stage: Stage, at: { workDir: string; adapter: string }): Promise<number> {
  const { heldOutDemonstrations, heldOutPairs } = bench.data;
  const heldOut = stage === 'sft' ? heldOutDemonstrations : heldOutPairs;
  const path = join(at.workDir, 'judge.json');
  const { beta } = bench.recipe.loss;
  writeFileSync(path, JSON.stringify({ model: bench.model, adapter: at.adapter, heldOut, beta }));
  const result = (await runPython(bench.python, 'judge', path, 2)) as { heldOutLoss: number };
  return result.heldOutLoss;
}
