import { join } from 'node:path';
import type { DemonstrationRow } from '../schemas/rows';
import { keepCheckpoints, type SpecOf } from '../stages';
import { writeJsonLines } from './json-lines';
import type { StageSession } from './session';
import { referenceAnswer } from './task-calls';
import { heldOutProblems } from './task-data';

type Spec = SpecOf<'trainSft' | 'trainPreference'>;

/** More rows take longer than they add to a curve: the error of a mean over 64 answers is small. */
const maxHeldOut = 64;

/** Reference answers of the first validation problems that have one. */
async function heldOutRows(session: StageSession, { heldOut }: Spec): Promise<DemonstrationRow[]> {
  if (heldOut === undefined) return [];
  const { environment, stage } = session;
  const { task, problems } = await heldOutProblems(environment.problems, stage.files, heldOut);
  const rows = problems.flatMap((problem) => {
    const completion = referenceAnswer(task, problem);
    return completion === '' ? [] : [{ id: problem.id, prompt: problem.prompt, completion }];
  });
  return rows.slice(0, maxHeldOut);
}

async function writeHeldOut(session: StageSession, spec: Spec): Promise<string | undefined> {
  const rows = await heldOutRows(session, spec);
  if (rows.length === 0) return undefined;
  const path = join(session.runDir, 'held-out.jsonl');
  await writeJsonLines(path, rows);
  return path;
}

/** Fields that all training jobs have. */
export async function trainingJob(session: StageSession, spec: Spec) {
  const { checkpointEverySteps } = session.execution;
  const { training, seed } = spec;
  const heldOut = await writeHeldOut(session, spec);
  return { training, seed, checkpointEverySteps, keepCheckpoints, heldOut };
}
