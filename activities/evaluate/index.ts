import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { GenerationRow, ItemResult } from '../../contracts/rows';
import type { SpecOf } from '../../contracts/stage';
import type { Problem, Task } from '../../contracts/task';
import { ensureDir, writeFileAtomic } from '../../store';
import type { Annotated } from '../annotation';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { answerItems, takeAnswers, type Answered } from './answers';
import { judgeItems } from './judging';
import { summarize } from './summary';

export { answerItems, areAnswered } from './answers';

function check(task: Task, problem: Problem, row: GenerationRow): ItemResult {
  const { completion, tokens, finish } = row;
  const { id, prompt, expected } = problem;
  return { id, prompt, completion, ...task.assess(problem, completion, finish), tokens, finish, expected };
}

/** Every problem's answer, checked by the task. */
function checkAll({ task, problems, rows }: Answered): ItemResult[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return problems.map((problem) => {
    const row = byId.get(problem.id);
    if (row !== undefined) return check(task, problem, row);
    throw new BudgetlineError(
      'TRAINER_PROTOCOL',
      `The training executable left no answer for ${problem.id}.`,
    );
  });
}

/** Where the definition names a judge, its verdicts stand in the place of the task's own program's. */
async function judgeByName(
  session: StageSession,
  items: ItemResult[],
  { spec, problems }: { spec: SpecOf<'evaluate'>; problems: readonly Problem[] },
): Promise<Annotated<ItemResult[]>> {
  const { judge: name } = spec.evaluation;
  if (name === undefined) return { result: items, metrics: {} };
  return judgeItems(session, items, { judge: name, judgeDigest: spec.judgeDigest, problems });
}

async function writeResults(dir: string, items: readonly ItemResult[], summary: object): Promise<void> {
  await writeJsonLines(join(dir, 'items.jsonl'), items);
  await writeFileAtomic(join(dir, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
}

/** Unrelated tasks beside the one that is tuned for; their scores by name. */
async function writeBeside(dir: string, others: readonly Answered[]): Promise<Record<string, number>> {
  const scores: Record<string, number> = {};
  for (const other of others) {
    const { task, decoding } = other;
    const items = checkAll(other);
    const summary = { metric: task.metric, judge: null, decoding, ...summarize(task, items) };
    await writeResults(await ensureDir(join(dir, 'beside', task.name)), items, summary);
    scores[`${task.name}: score`] = summary.score;
  }
  return scores;
}

/** Answers checked by the task, and judged by whom the definition names. */
export async function evaluate(session: StageSession, spec: SpecOf<'evaluate'>): Promise<StageOutput> {
  if (session.stage.judgedOffDevice === undefined) await answerItems(session, spec);
  const [own, ...others] = await takeAnswers(session, spec);
  const { task, problems, figures, decoding } = own;
  const { result: items, metrics: bill } = await judgeByName(session, checkAll(own), { spec, problems });
  const measured = summarize(task, items);
  const dir = await session.freshDir('payload');
  const recorded = { metric: task.metric, judge: spec.evaluation.judge ?? null, decoding };
  await writeResults(dir, items, { ...recorded, ...measured });
  const beside = await writeBeside(dir, others);
  const { scores, interval, ...means } = measured;
  const named = Object.entries({ ...scores, ...beside }).map(
    ([name, value]) => [`scores.${name}`, value] as const,
  );
  const { nearTies = 0, cutPrompts = 0 } = figures;
  const bounds = { scoreLow: interval.low, scoreHigh: interval.high };
  return {
    dir,
    metrics: { ...means, ...bounds, ...Object.fromEntries(named), nearTies, cutPrompts, ...bill },
  };
}
