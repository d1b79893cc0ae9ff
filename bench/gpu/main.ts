/**
 * SFT steps with LoRA on a model of random weights, by our training executable and by TRL + PEFT, on one GPU:
 *
 *   npm run bench -- gpu [--shape 8b|1b|tiny] [--device cuda|cpu] [--steps N] [--rows N] [--micro N] [--tokens N] [--threads N]
 *
 * Rows of a step have `tokens` tokens each, a third of them supervised; both sides split a step into `micro` rows. A step's
 * time is the mean of those behind the first third. On a host that lacks something, it says what, with status 69.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { BudgetlineError } from '../../contracts/failures';
import { trainerEvent, type TrainerEvent } from '../../contracts/trainer-event';
import { trainerProtocol, type JobOf } from '../../contracts/trainer-job';
import { requireCuda } from '../../trainer/runtime';
import { embedded, trainer } from '../jobs';
import { findPython, runPython } from '../python';
import { printTable } from '../table';
import { shapes, writeRandomModel } from './model';

interface Settings {
  readonly device: 'cpu' | 'cuda';
  readonly steps: number;
  readonly rows: number;
  readonly micro: number;
  readonly tokens: number;
  readonly threads: number;
}

/** When each step of a side was done, in seconds, and what its process took. */
interface Timed {
  readonly stepSeconds: readonly number[];
  readonly wallSeconds: number;
  readonly lastLoss: number;
  readonly peakMemoryBytes: number;
}

function readSettings(argv: readonly string[]): Settings & { shape: string } {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const options = {
    ...{ shape: text('8b'), device: text('cuda'), steps: text('24'), rows: text('16') },
    ...{ micro: text('4'), tokens: text('512'), threads: text('1') },
  };
  const { values } = parseArgs({ args: [...argv], options });
  const { shape, device } = values;
  if (!Object.hasOwn(shapes, shape))
    throw new Error(`There is no shape "${shape}"; there are ${Object.keys(shapes).join(', ')}.`);
  if (device !== 'cpu' && device !== 'cuda') throw new Error('A device is "cpu" or "cuda".');
  const [steps, rows, micro] = [Number(values.steps), Number(values.rows), Number(values.micro)];
  return {
    shape,
    device,
    steps,
    rows,
    micro,
    tokens: Number(values.tokens),
    threads: Number(values.threads),
  };
}

/** Rows of as many tokens as asked for: the embedded tokenizer makes one of every digit. */
function writeRows(path: string, { steps, rows, tokens }: Settings): void {
  const answer = Math.floor(tokens / 3);
  const digits = (count: number, row: number): string =>
    Array.from({ length: count }, (_, at) => (row * 7 + at * at) % 10).join('');
  const lines = Array.from({ length: steps * rows }, (_, row) => ({
    id: String(row),
    prompt: digits(tokens - answer - 1, row),
    completion: digits(answer, row + 3),
  }));
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

function jobOf(folder: string, settings: Settings): JobOf<'sft'> {
  const { device, rows, micro, tokens, threads, steps } = settings;
  return {
    ...{ protocol: trainerProtocol, command: 'sft', id: 'bench-gpu', seed: 0, column: 'completion' },
    ...{ workDir: join(folder, 'work'), outputDir: join(folder, 'out') },
    ...{ model: join(folder, 'model'), data: join(folder, 'rows.jsonl') },
    ...{ checkpointEverySteps: steps, keepCheckpoints: 1 },
    plan: { device, threads, microBatchRows: micro },
    training: {
      ...embedded.sft,
      ...{ epochs: 1, batchRows: rows, learningRate: 1e-4, maxLength: tokens + 8 },
      lora: { rank: 16, alpha: 32, targetModules: [...modules] },
      ...(device === 'cuda' ? { precision: 'bf16' } : {}),
    },
  };
}

async function runOurs(folder: string, job: JobOf<'sft'>): Promise<Timed> {
  const path = join(folder, 'job.json');
  writeFileSync(path, JSON.stringify(job));
  const begin = performance.now();
  const stepSeconds: number[] = [];
  const child = spawn(process.execPath, [trainer, 'sft', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last: TrainerEvent | null = null;
  let lastLoss = Number.NaN;
  for await (const line of createInterface(child.stdout)) {
    last = trainerEvent.parse(JSON.parse(line));
    if (last.event !== 'metric') continue;
    stepSeconds.push((performance.now() - begin) / 1000);
    lastLoss = last.values['loss'] ?? lastLoss;
  }
  if (last?.event === 'error')
    throw new BudgetlineError(last.code as 'DEVICE_UNAVAILABLE', last.message, { remedy: last.remedy });
  if (last?.event !== 'result') throw new Error('The training executable ended without a result.');
  const wallSeconds = (performance.now() - begin) / 1000;
  return { stepSeconds, wallSeconds, lastLoss, peakMemoryBytes: last.peakMemoryBytes };
}

async function runTheirs(folder: string, { model, data, training, plan }: JobOf<'sft'>): Promise<Timed> {
  const { device, threads, microBatchRows } = plan;
  const spec = {
    ...{ model, data, outputDir: join(folder, 'adapter'), seed: 0, warmupSteps: 1, training },
    ...{ device, microBatchRows, precision: training.precision ?? 'f32' },
  };
  const path = join(folder, 'spec.json');
  writeFileSync(path, JSON.stringify(spec));
  const begin = performance.now();
  const result = (await runPython(findPython(process.env), 'sft', path, threads)) as Timed;
  return { ...result, wallSeconds: (performance.now() - begin) / 1000 };
}

/** Steps come in calls of several, so the time of one is that of many behind the first third. */
function meanSeconds({ stepSeconds }: Timed): number {
  const from = Math.floor(stepSeconds.length / 3) - 1;
  const [first, last] = [stepSeconds[Math.max(0, from)], stepSeconds.at(-1)];
  return ((last ?? NaN) - (first ?? NaN)) / (stepSeconds.length - 1 - Math.max(0, from));
}

function print(title: string, { rows, tokens }: Settings, [ours, theirs]: readonly [Timed, Timed]): void {
  const line = (name: string, of: (side: Timed) => number, digits: number): string[] => {
    const [a, b] = [of(ours), of(theirs)];
    return [name, a.toFixed(digits), b.toFixed(digits), (a / b).toFixed(2)];
  };
  printTable(
    [title, 'budgetline', 'TRL + PEFT', 'ours / theirs'],
    [
      line('a step, s', meanSeconds, 3),
      line('tokens/s', (side) => (rows * tokens) / meanSeconds(side), 0),
      line('before the first step, s', ({ stepSeconds: [first = NaN] }) => first, 1),
      line('whole process, s', ({ wallSeconds }) => wallSeconds, 1),
      line('loss of the last step', ({ lastLoss }) => lastLoss, 4),
      line('peak memory of the host, MiB', ({ peakMemoryBytes }) => peakMemoryBytes / 2 ** 20, 0),
    ],
  );
}

/** Makes the model, runs both sides and prints how they compare. @throws DEVICE_UNAVAILABLE */
export async function benchGpu(argv: readonly string[]): Promise<void> {
  const { shape, ...settings } = readSettings(argv);
  if (settings.device === 'cuda') requireCuda();
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-gpu-'));
  try {
    mkdirSync(join(folder, 'model'));
    const parameters = writeRandomModel(join(folder, 'model'), shapes[shape]!);
    const job = jobOf(folder, settings);
    writeRows(job.data, settings);
    const sides = [await runOurs(folder, job), await runTheirs(folder, job)] as const;
    const millions = (parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0);
    print(
      `${settings.device}, ${millions} M parameters, ${settings.rows} × ${settings.tokens} tokens`,
      settings,
      sides,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
