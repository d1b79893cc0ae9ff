/**
 * Compares SFT and DPO stages by our training executable and by TRL + PEFT: the same base model, rows, batch, LoRA,
 * epochs and threads, in turn, each in its own process. Prints the median of the repeats.
 *
 *   npm run bench -- trainer [synthetic] [gsm8k] [smollm2] [--gsm8k FILE] [--stage sft|dpo] [--rows N] [--pairs N]
 *                            [--repeats N] [--threads N] [--compile] [--json FILE]
 *
 * `gsm8k` and `smollm2` (SmolLM2-135M) train on full-length problems of the file that --gsm8k names. Processor seconds
 * are of one-threaded processes; on a busy machine their ratio is more reliable than that of wall time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Stage } from './jobs';
import { findPython, runPython } from './python';
import { rowsOf, runOurs, runTrl, type Bench, type Run } from './sides';
import { printStage } from './stage-table';
import { workloads } from './workloads';

async function tokensOf(bench: Bench, stage: Stage): Promise<number> {
  const data = stage === 'sft' ? bench.data.demonstrations : bench.data.pairs;
  const path = join(bench.folder, `count-${stage}.json`);
  writeFileSync(path, JSON.stringify({ model: bench.model, data }));
  const { tokens } = (await runPython(bench.python, 'count', path, 1)) as { tokens: number };
  return tokens * bench.recipe[stage].epochs;
}

interface Plan {
  readonly stages: readonly Stage[];
  readonly repeats: number;
}

async function runWorkload(name: string, bench: Bench, { stages, repeats }: Plan): Promise<Run[]> {
  const runs: Run[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1)
    for (const stage of stages)
      for (const run of [runOurs, runTrl]) {
        const workDir = join(bench.folder, `${stage}-${run.name}-${repeat}`);
        mkdirSync(workDir);
        const done = await run(bench, stage, workDir);
        const [wall, cpu] = [done.stageSeconds.toFixed(2), done.cpuSeconds.toFixed(2)];
        console.log(`${name} ${stage} ${done.side} ${repeat + 1}: ${wall} s, processor ${cpu} s`);
        runs.push(done);
      }
  for (const stage of stages) {
    const rows = rowsOf(stage === 'sft' ? bench.data.demonstrations : bench.data.pairs);
    printStage(`${name} ${stage}, ${rows} rows`, stage, runs, await tokensOf(bench, stage));
  }
  return runs;
}

function readArguments(argv: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      gsm8k: { type: 'string' },
      stage: { type: 'string' },
      rows: { type: 'string' },
      pairs: { type: 'string' },
      repeats: { type: 'string', default: '3' },
      threads: { type: 'string', default: '1' },
      compile: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(workloads, name));
  if (unknown !== undefined)
    throw new Error(`There is no workload "${unknown}"; there are ${Object.keys(workloads).join(', ')}.`);
  const stages = (['sft', 'dpo'] as const).filter((stage) =>
    [undefined, stage].includes(values.stage as Stage),
  );
  return { ...values, stages, names: positionals.length === 0 ? ['synthetic'] : positionals };
}

type Arguments = ReturnType<typeof readArguments>;

async function benchWorkload(name: string, options: Arguments, python: string): Promise<Run[]> {
  const { recipe, counts, ...workload } = workloads[name]!;
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-bench-'));
  try {
    const wanted = {
      ...counts,
      rows: Number(options.rows ?? counts.rows),
      pairs: Number(options.pairs ?? counts.pairs),
    };
    const data = workload.write(folder, wanted, options.gsm8k);
    const model = workload.model();
    const { compile, stages } = options;
    const bench = { python, model, folder, data, recipe, compile, threads: Number(options.threads) };
    return await runWorkload(name, bench, { stages, repeats: Number(options.repeats) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the benchmark with the arguments of the command line and prints tables. */
export async function benchTrainer(argv: readonly string[]): Promise<void> {
  const options = readArguments(argv);
  const python = findPython(process.env);
  const runs: Record<string, Run[]> = {};
  for (const name of options.names) runs[name] = await benchWorkload(name, options, python);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(runs, null, 2)}\n`);
}
