/**
 * Compares SFT steps with LoRA on a model of random weights, by our training executable and by TRL + PEFT, on one GPU:
 *
 *   npm run bench -- gpu [--shape 8b|1b|tiny] [--device cuda|cpu] [--passes N] [--steps N] [--rows N] [--micro N] [--tokens N] [--threads N]
 *
 * Each row of a step has `tokens` tokens, a third of them supervised. Both sides split a step into micro-batches of
 * `micro` rows, recompute layers in the backward pass on a GPU, and alternate in going first. Results are medians over
 * the passes. The GPU's memory is what nvidia-smi reports above the use before the run, so nothing else may run on it.
 * If the host lacks something, the message names it and the status is 69.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireCuda } from '../../trainer/runtime';
import { median } from '../median';
import { printTable } from '../table';
import { shapes, writeRandomModel, type Shape } from './model';
import { runSide, secondsOfStep, sides, type Files, type Run, type Settings } from './sides';

interface Request extends Settings {
  readonly shape: Shape;
  readonly passes: number;
}

/** A whole number of at least `least`. */
function readCount(name: string, text: string, least = 1): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= least) return count;
  throw new Error(`--${name} is a whole number of at least ${least}, not "${text}".`);
}

function readRequest(argv: readonly string[]): Request {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const options = {
    shape: text('8b'),
    device: text('cuda'),
    passes: text('3'),
    steps: text('24'),
    rows: text('16'),
    micro: text('4'),
    tokens: text('512'),
    threads: text('1'),
  };
  const { values } = parseArgs({ args: [...argv], options });
  const { device } = values;
  const shape = Object.hasOwn(shapes, values.shape) ? shapes[values.shape] : undefined;
  if (shape === undefined)
    throw new Error(`There is no shape "${values.shape}"; there are ${Object.keys(shapes).join(', ')}.`);
  if (device !== 'cpu' && device !== 'cuda') throw new Error('A device is "cpu" or "cuda".');
  return {
    shape,
    device,
    passes: readCount('passes', values.passes),
    steps: readCount('steps', values.steps, 3),
    rows: readCount('rows', values.rows),
    micro: readCount('micro', values.micro),
    tokens: readCount('tokens', values.tokens, 6),
    threads: readCount('threads', values.threads),
  };
}

/** Rows with the given number of tokens: the embedded tokenizer makes one of each digit. */
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

async function runPasses(
  folder: string,
  files: Files,
  { passes, ...settings }: Request,
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let pass = 0; pass < passes; pass += 1)
    for (const side of pass % 2 === 0 ? sides : [...sides].reverse()) {
      const place = join(folder, `${side}-${pass}`);
      const run = await runSide(side, place, files, settings);
      // Adapters and moments of an 8B model from every pass would fill a disk.
      rmSync(place, { recursive: true });
      console.log(`pass ${pass + 1}, ${side}: ${secondsOfStep(run).toFixed(3)} s per step`);
      runs.push(run);
    }
  return runs;
}

const mebibytes = (bytes: number | null | undefined): number => (bytes ?? Number.NaN) / 2 ** 20;

/** The median of a value over runs. */
const middle =
  (of: (run: Run) => number) =>
  (runs: readonly Run[]): number =>
    median(runs.map(of));

function print(title: string, { rows, tokens, device }: Request, runs: readonly Run[]): void {
  const line = (name: string, of: (runs: readonly Run[]) => number, digits: number): string[] => {
    const [ours, theirs] = sides.map((side) => of(runs.filter((run) => run.side === side)));
    const ratio = ours! / theirs!;
    const show = (value: number, places: number): string =>
      Number.isNaN(value) ? '' : value.toFixed(places);
    return [name, show(ours!, digits), show(theirs!, digits), show(ratio, 2)];
  };
  const step = middle(secondsOfStep);
  const onDevice = [
    line(
      'peak memory of the GPU (nvidia-smi), MiB',
      middle((run) => mebibytes(run.peakDeviceBytes)),
      0,
    ),
    line(
      'of it allocated (torch.cuda), MiB',
      middle((run) => mebibytes(run.allocatedDeviceBytes)),
      0,
    ),
  ];
  printTable(
    [title, 'budgetline', 'TRL + PEFT', 'ours / theirs'],
    [
      line('step, s', step, 3),
      line('tokens/s', (of) => (rows * tokens) / step(of), 0),
      line(
        'until the end of the first step, s',
        middle(({ stepSeconds: [first = Number.NaN] }) => first),
        1,
      ),
      line(
        'whole process, s',
        middle(({ wallSeconds }) => wallSeconds),
        1,
      ),
      line(
        'loss of the last step',
        middle(({ lastLoss }) => lastLoss),
        4,
      ),
      line(
        'peak memory of the host, MiB',
        middle((run) => mebibytes(run.peakMemoryBytes)),
        0,
      ),
      ...(device === 'cuda' ? onDevice : []),
    ],
  );
}

/** Makes the model, runs both sides and prints a comparison. @throws DEVICE_UNAVAILABLE */
export async function benchGpu(argv: readonly string[]): Promise<void> {
  const request = readRequest(argv);
  if (request.device === 'cuda') requireCuda();
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-gpu-'));
  try {
    const files = { model: join(folder, 'model'), data: join(folder, 'rows.jsonl') };
    const parameters = writeRandomModel(files.model, request.shape);
    writeRows(files.data, request);
    const runs = await runPasses(folder, files, request);
    const millions = (parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0);
    const { device, rows, tokens, passes } = request;
    print(`${device}, ${millions} M parameters, ${rows} × ${tokens} tokens, ${passes} passes`, request, runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
