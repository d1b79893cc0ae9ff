/**
 * One SFT stage and one DPO stage by our training executable and by TRL + PEFT: the same base model, rows, batch,
 * LoRA, epochs and threads, alternating, each a process of its own; the median of three.
 *
 *   npm run bench -- trainer [--model FOLDER] [--rows N] [--pairs N] [--repeats N] [--threads N] [--json FILE]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { trainerEvent, type EventOf } from '../contracts/trainer-event';
import { writeBenchData, type BenchData } from './data';
import { definition, stageJob, trainer, type Stage } from './jobs';
import { findPython, runPython } from './python';
import { printTable } from './table';

const root = resolve(__dirname, '..');

type Side = 'budgetline' | 'trl';

/** One run of one stage by one side. Seconds; `start` is what passes before the stage's own work begins. */
interface Run {
  readonly side: Side;
  readonly stage: Stage;
  readonly wallSeconds: number;
  readonly startSeconds: number;
  readonly stageSeconds: number;
  readonly steps: number;
  readonly lastLoss: number;
  readonly heldOutLoss: number;
  readonly peakMemoryBytes: number;
}

interface Bench {
  readonly python: string;
  readonly model: string;
  readonly folder: string;
  readonly data: BenchData;
  readonly threads: number;
}

const trainingOf = { sft: definition.sft, dpo: definition.preference } as const;
const { beta } = definition.preference.loss;

function rowsOf(path: string): number {
  return readFileSync(path, 'utf8').trim().split('\n').length;
}

interface Ended {
  readonly wallSeconds: number;
  readonly helloSeconds: number;
  readonly result: EventOf<'result'>;
}

/** Runs the executable and times its first and last event; without a descriptor of their own, events are on stdout. */
async function runTrainer(command: string, job: string): Promise<Ended> {
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

async function runOurs(bench: Bench, stage: Stage, workDir: string): Promise<Run> {
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
    ...lastLossOf(job.outputDir),
    heldOutLoss: await judge(bench, stage, { workDir, adapter: job.outputDir }),
    peakMemoryBytes: result.peakMemoryBytes,
  };
}

interface TrlResult {
  readonly importSeconds: number;
  readonly stageSeconds: number;
  readonly steps: number;
  readonly lastLoss: number;
  readonly peakMemoryBytes: number;
}

async function runTrl(bench: Bench, stage: Stage, workDir: string): Promise<Run> {
  const training = trainingOf[stage];
  const data = stage === 'sft' ? bench.data.demonstrations : bench.data.pairs;
  const steps = Math.ceil(rowsOf(data) / training.batchRows) * training.epochs;
  const adapter = join(workDir, 'adapter');
  const warmupSteps = Math.ceil(steps * training.warmupRatio);
  const spec = { model: bench.model, data, outputDir: adapter, seed: 0, beta, training, warmupSteps };
  const path = join(workDir, 'spec.json');
  writeFileSync(path, JSON.stringify(spec));
  const begin = performance.now();
  const result = (await runPython(bench.python, stage, path, bench.threads)) as TrlResult;
  const wallSeconds = (performance.now() - begin) / 1000;
  const { stageSeconds, lastLoss, peakMemoryBytes } = result;
  return {
    side: 'trl',
    stage,
    wallSeconds,
    startSeconds: wallSeconds - stageSeconds,
    stageSeconds,
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
  writeFileSync(path, JSON.stringify({ model: bench.model, adapter: at.adapter, heldOut, beta }));
  const result = (await runPython(bench.python, 'judge', path, 2)) as { heldOutLoss: number };
  return result.heldOutLoss;
}

async function tokensOf(bench: Bench, stage: Stage): Promise<number> {
  const rows = stage === 'sft' ? bench.data.demonstrations : bench.data.pairs;
  const path = join(bench.folder, `count-${stage}.json`);
  writeFileSync(path, JSON.stringify({ model: bench.model, data: rows }));
  const { tokens } = (await runPython(bench.python, 'count', path, 1)) as { tokens: number };
  return tokens * trainingOf[stage].epochs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Medians of the runs of one stage by one side. */
function summarise(runs: readonly Run[], tokens: number): Record<string, string> & { seconds: string } {
  const of = (pick: (run: Run) => number): number => median(runs.map(pick));
  const seconds = of((run) => run.stageSeconds);
  return {
    seconds: seconds.toFixed(2),
    wall: of((run) => run.wallSeconds).toFixed(2),
    start: of((run) => run.startSeconds).toFixed(2),
    rate: Math.round(tokens / seconds).toString(),
    rateWall: Math.round(tokens / of((run) => run.wallSeconds)).toString(),
    steps: of((run) => run.steps).toString(),
    lastLoss: of((run) => run.lastLoss).toFixed(4),
    heldOut: of((run) => run.heldOutLoss).toFixed(4),
    memory: Math.round(of((run) => run.peakMemoryBytes) / 2 ** 20).toString(),
  };
}

function printStage(stage: Stage, runs: readonly Run[], tokens: number): void {
  const by = (side: Side): Record<string, string> & { seconds: string } =>
    summarise(
      runs.filter((run) => run.stage === stage && run.side === side),
      tokens,
    );
  const [ours, theirs] = [by('budgetline'), by('trl')];
  const ratio = (key: string): string => (Number(ours[key]) / Number(theirs[key])).toFixed(2);
  const line = (name: string, key: string, compared = true): string[] => [
    name,
    ours[key] ?? '',
    theirs[key] ?? '',
    compared ? ratio(key) : '',
  ];
  printTable(
    [`${stage}, ${tokens} tokens`, 'budgetline', 'TRL + PEFT', 'ours / theirs'],
    [
      line('whole process, s', 'wall'),
      line('start and imports, s', 'start'),
      line('stage, s', 'seconds'),
      line('stage, tokens/s', 'rate'),
      line('process, tokens/s', 'rateWall'),
      line('optimiser steps', 'steps', false),
      line('loss of the last step', 'lastLoss', false),
      line('held-out loss', 'heldOut', false),
      line('peak memory, MiB', 'memory'),
    ],
  );
}

/** The benchmark, from the command line's arguments to printed tables. */
export async function benchTrainer(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      model: { type: 'string', default: join(root, 'models', 'tiny-math') },
      rows: { type: 'string', default: '512' },
      pairs: { type: 'string', default: '256' },
      repeats: { type: 'string', default: '3' },
      threads: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-bench-'));
  const counts = { rows: Number(values.rows), pairs: Number(values.pairs), heldOut: 100 };
  const bench: Bench = {
    python: findPython(process.env),
    model: resolve(values.model),
    folder,
    data: writeBenchData(folder, counts),
    threads: Number(values.threads),
  };
  const runs: Run[] = [];
  try {
    for (let repeat = 0; repeat < Number(values.repeats); repeat += 1)
      for (const stage of ['sft', 'dpo'] as const)
        for (const run of [runOurs, runTrl]) {
          const workDir = join(folder, `${stage}-${run.name}-${repeat}`);
          mkdirSync(workDir);
          const done = await run(bench, stage, workDir);
          console.log(`${stage} ${done.side} ${repeat + 1}: ${done.stageSeconds.toFixed(2)} s`);
          runs.push(done);
        }
    for (const stage of ['sft', 'dpo'] as const) printStage(stage, runs, await tokensOf(bench, stage));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(runs, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
