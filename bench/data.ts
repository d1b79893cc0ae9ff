import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemonstrationRow, PreferenceRow } from '../contracts/rows';
import { createRandom, generateTwin, gradeSchoolMath, type TwinProblem } from '../tasks';

/** Files that both sides train on and are judged by. */
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

function demonstrate(problem: TwinProblem): DemonstrationRow {
  return { id: problem.id, prompt: problem.prompt, completion: gradeSchoolMath.gold(problem) };
}

/** Chosen is the reference solution, rejected a misreading of the same problem; problems without one are left out. */
function pairOf(problem: TwinProblem): PreferenceRow[] {
  const annotator = gradeSchoolMath.annotators.find(({ name }) => name === 'majority-error');
  const chosen = gradeSchoolMath.gold(problem);
  const rejected = annotator?.demonstrate(problem, createRandom('bench', problem.id)) ?? chosen;
  return rejected === chosen ? [] : [{ id: problem.id, prompt: problem.prompt, chosen, rejected }];
}

/** Writes demonstrations and pairs of the twin, with held-out rows of each. */
export function writeBenchData(
  folder: string,
  counts: { rows: number; pairs: number; heldOut: number },
): BenchData {
  const { pool, validation } = generateTwin({
    source: 'twin',
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
