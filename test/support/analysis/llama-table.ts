import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseResults } from '../../../app/results/results-csv';

/** Main figure of the study for Llama 3.1 8B: see the README next to the file. */
export const llamaFile = join(__dirname, '../../../examples/data/llama-3.1-8b/results.csv');

export interface LlamaTask {
  readonly base: number;
  /** SFT share → points by budget, as far as they were run. */
  readonly scores: ReadonlyMap<number, readonly number[]>;
}

const { rows } = parseResults(readFileSync(llamaFile, 'utf8'), llamaFile);

export const llamaBudgets = [...new Set(rows.map(({ budget }) => budget))].filter((budget) => budget > 0);

function tableOf(task: string): LlamaTask {
  const own = rows.filter((row) => row.task === task);
  const cells = own.filter(({ budget }) => budget > 0);
  const scores = new Map<number, number[]>();
  for (const { sftFraction, score } of cells)
    scores.set(sftFraction, [...(scores.get(sftFraction) ?? []), score * 100]);
  return { base: own.find(({ budget }) => budget === 0)!.score * 100, scores };
}

export const llama: Record<'tldr' | 'helpfulness' | 'ifeval' | 'gsm8k', LlamaTask> = {
  tldr: tableOf('TL;DR'),
  helpfulness: tableOf('helpfulness'),
  ifeval: tableOf('IFEval'),
  gsm8k: tableOf('GSM8K'),
};
