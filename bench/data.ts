import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemonstrationRow, PreferenceRow } from '../schemas/rows';
import { generateSynthetic, gradeSchoolMath, type SyntheticProblem } from '../tasks';
import { createRandom } from '../core/random';

/** Files that both sides train on and are scored on. */
export interface BenchData {
  readonly demonstrations: string;
  readonly heldOutDemonstrations: string;
  readonly pairs: string;
  readonly heldOutPairs: string;
}

const writeRows = (path: string, rows: readonly object[]): string => {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
};

function demonstrate(problem: SyntheticProblem): DemonstrationRow {
  return { id: problem.id, prompt: problem.prompt, completion: gradeSchoolMath.gold(problem) };
}

/** Chosen is the reference solution, rejected a misreading of the same problem; problems without one are skipped. */
function pairOf(problem: SyntheticProblem): PreferenceRow[] {
  const annotator = gradeSchoolMath.annotators.find(({ name }) => name === 'majority-error');
  const chosen = gradeSchoolMath.gold(problem);
  const rejected = annotator?.demonstrate(problem, createRandom('bench', problem.id)) ?? chosen;
  return rejected === chosen ? [] : [{ id: problem.id, prompt: problem.prompt, chosen, rejected }];
}

/** Numbers of rows to train on and to score on. */
export interface BenchCounts {
  readonly rows: number;
  readonly pairs: number;
  readonly heldOut: number;
}

/** Writes synthetic demonstrations and pairs, with held-out rows of each. */
export function writeBenchData(folder: string, counts: BenchCounts): BenchData {
  const { pool, validation } = generateSynthetic({
    source: 'synthetic',
    seed: 0,
    pool: 4096,
    validation: 400,
    test: 1,
  });
  const heldOutPairs = validation.flatMap(pairOf).slice(0, counts.heldOut);
  return {
    demonstrations: writeRows(join(folder, 'sft.jsonl'), pool.slice(0, counts.rows).map(demonstrate)),
    heldOutDemonstrations: writeRows(
      join(folder, 'sft-held-out.jsonl'),
      validation.slice(0, counts.heldOut).map(demonstrate),
    ),
    pairs: writeRows(join(folder, 'dpo.jsonl'), pool.flatMap(pairOf).slice(0, counts.pairs)),
    heldOutPairs: writeRows(join(folder, 'dpo-held-out.jsonl'), heldOutPairs),
  };
}

/** An incorrect solution of the same length: every digit is replaced by another. */
const misreckon = (solution: string): string =>
  solution.replace(/\d/g, (digit) => ((Number(digit) * 7 + 3) % 10).toString());

function readQuestions(path: string): (DemonstrationRow & PreferenceRow)[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line, index) => {
    const { question, answer } = JSON.parse(line) as { question: string; answer: string };
    const completion = ` ${answer}`;
    const texts = { completion, chosen: completion, rejected: misreckon(completion) };
    return { id: `gsm8k-${index}`, prompt: `Q: ${question}\nA:`, ...texts };
  });
}

/** Writes full-length GSM8K problems from a file of questions and answers; the last rows are held out. */
export function writeQuestionData(folder: string, path: string, counts: BenchCounts): BenchData {
  const all = readQuestions(path);
  if (all.length < Math.max(counts.rows, counts.pairs) + counts.heldOut)
    throw new Error(
      `${path} has ${all.length} problems, too few for ${counts.rows} and ${counts.heldOut} held out.`,
    );
  const demonstrations = all.map(({ id, prompt, completion }) => ({ id, prompt, completion }));
  const pairs = all.map(({ id, prompt, chosen, rejected }) => ({ id, prompt, chosen, rejected }));
  return {
    demonstrations: writeRows(join(folder, 'sft.jsonl'), demonstrations.slice(0, counts.rows)),
    heldOutDemonstrations: writeRows(
      join(folder, 'sft-held-out.jsonl'),
      demonstrations.slice(-counts.heldOut),
    ),
    pairs: writeRows(join(folder, 'dpo.jsonl'), pairs.slice(0, counts.pairs)),
    heldOutPairs: writeRows(join(folder, 'dpo-held-out.jsonl'), pairs.slice(-counts.heldOut)),
  };
}
