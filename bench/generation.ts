/**
 * Compares greedy generation by our training executable and by Transformers: the same model, prompts, batch, limit of
 * new tokens and threads, in turn. Prints the median of the repeats in tokens per second, with and without start-up.
 *
 *   npm run bench -- generation [synthetic|smollm2] [--gsm8k FILE] [--prompts N] [--new-tokens N] [--repeats N] [--threads N]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { GenerationRow, PromptRow } from '../schemas/rows';
import { trainerProtocol, type JobOf } from '../schemas/trainer-job';
import { median } from './median';
import { findPython, runPython } from './python';
import { runTrainer } from './sides';
import { printTable } from './table';
import { workloads } from './workloads';

const batchSize = 64;

interface Task {
  readonly python: string;
  readonly model: string;
  readonly prompts: string;
  readonly maxNewTokens: number;
  readonly threads: number;
}

interface Generated {
  readonly side: 'budgetline' | 'transformers';
  /** Seconds of the process, then wall and processor seconds without its start. */
  readonly wallSeconds: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number;
  /** New tokens, without ends of sequences. */
  readonly tokens: number;
  readonly completions: readonly string[];
}

const readLines = <Row>(path: string): Row[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

function generateJob(task: Task, folder: string): JobOf<'generate'> {
  return {
    protocol: trainerProtocol,
    id: 'bench-generate',
    workDir: join(folder, 'work'),
    outputDir: join(folder, 'out'),
    seed: 0,
    plan: { device: 'cpu', threads: task.threads, microBatchSize: null },
    command: 'generate',
    model: task.model,
    adapter: null,
    prompts: task.prompts,
    samples: 1,
    decoding: { mode: 'greedy' },
    maxNewTokens: task.maxNewTokens,
    batchSize,
    maxPromptTokens: 1024,
    onOverlength: 'error',
  };
}

async function runOurs(task: Task, folder: string): Promise<Generated> {
  const job = generateJob(task, folder);
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify(job));
  const { wallSeconds, helloSeconds, result } = await runTrainer('generate', path);
  const rows = readLines<GenerationRow>(join(job.outputDir, 'generations.jsonl'));
  return {
    side: 'budgetline',
    wallSeconds,
    seconds: wallSeconds - helloSeconds,
    cpuSeconds: result.cpuMs / 1000,
    peakMemoryBytes: result.peakMemoryBytes,
    tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0),
    completions: rows.map(({ completion }) => completion),
  };
}

async function runTransformers(task: Task, folder: string): Promise<Generated> {
  const path = join(folder, 'spec.json');
  writeFileSync(path, JSON.stringify({ ...task, batchSize }));
  const begin = performance.now();
  const result = (await runPython(task.python, 'generate', path, task.threads)) as Generated;
  return { ...result, side: 'transformers', wallSeconds: (performance.now() - begin) / 1000 };
}

function printRuns(title: string, runs: readonly Generated[]): void {
  const of = (side: Generated['side'], pick: (run: Generated) => number): number =>
    median(runs.filter((run) => run.side === side).map(pick));
  const line = (name: string, pick: (run: Generated) => number): string[] => {
    const [ours, theirs] = [of('budgetline', pick), of('transformers', pick)];
    return [name, ours.toFixed(1), theirs.toFixed(1), (ours / theirs).toFixed(2)];
  };
  const texts = (side: Generated['side']) => runs.find((run) => run.side === side)?.completions ?? [];
  const [ours, theirs] = [texts('budgetline'), texts('transformers')];
  const same = ours.filter((text, index) => text === theirs[index]).length;
  printTable(
    [`${title}: ${same} of ${ours.length} texts equal`, 'budgetline', 'transformers', 'ours / theirs'],
    [
      line('tokens', (run) => run.tokens),
      line('tokens/s, whole process', (run) => run.tokens / run.wallSeconds),
      line('tokens/s, without its start', (run) => run.tokens / run.seconds),
      line('tokens per processor second, theirs without imports', (run) => run.tokens / run.cpuSeconds),
      line('peak memory, MiB', (run) => run.peakMemoryBytes / 2 ** 20),
    ],
  );
}

/** The embedded base answers "A:" with three tokens and "Work:" with a solution. */
const askForWork = (prompt: string): string => prompt.replace(/A:$/, 'Work:');

/** Runs the benchmark with the arguments of the command line and prints a table. */
export async function benchGeneration(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      gsm8k: { type: 'string' },
      prompts: { type: 'string', default: '256' },
      'new-tokens': { type: 'string', default: '48' },
      repeats: { type: 'string', default: '3' },
      threads: { type: 'string', default: '1' },
    },
  });
  const [name = 'synthetic'] = positionals;
  const workload = workloads[name];
  if (workload === undefined) throw new Error(`There is no workload "${name}".`);
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-bench-'));
  try {
    const python = findPython(process.env);
    const rows = Number(values.prompts);
    const { demonstrations } = workload.write(folder, { rows, pairs: 1, heldOut: 1 }, values.gsm8k);
    const prompts = join(folder, 'prompts.jsonl');
    const lines = readLines<PromptRow>(demonstrations).map(
      ({ id, prompt }) => `${JSON.stringify({ id, prompt: askForWork(prompt) })}\n`,
    );
    writeFileSync(prompts, lines.join(''));
    const maxNewTokens = Number(values['new-tokens']);
    const task = { python, model: workload.model(), prompts, maxNewTokens, threads: Number(values.threads) };
    const runs: Generated[] = [];
    for (let repeat = 0; repeat < Number(values.repeats); repeat += 1)
      for (const run of [runOurs, runTransformers]) {
        const own = join(folder, `${run.name}-${repeat}`);
        mkdirSync(own);
        const done = await run(task, own);
        console.log(
          `${name} ${done.side} ${repeat + 1}: ${done.seconds.toFixed(2)} s, ${done.tokens} tokens`,
        );
        runs.push(done);
      }
    printRuns(`${name}, ${rows} prompts`, runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
