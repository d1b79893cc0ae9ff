import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { GenerationRow, ItemResult } from '../../schemas/rows';
import { figuresUnder } from '../../contracts/auxiliary';
import { addFigures } from '../../contracts/labels';
import type { SpecOf } from '../../contracts/stage';
import type { Problem, Task } from '../../contracts/task';
import { ownName, type QuestionSet } from '../../planning';
import { ensureDir, writeFileAtomic } from '../../store';
import { type Annotated, billOf } from '../annotation';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { assertGrading } from '../task-data';
import { answerItems, takeAnswers, type Answered } from './answers';
import { judgeItems } from './judging';
import { type Summary, summarize } from './summary';

export { answerItems, areAnswered } from './answers';

function check(task: Task, problem: Problem, row: GenerationRow): ItemResult {
  const { completion, tokens, finish } = row;
  const { id, prompt, target } = problem;
  return { id, prompt, completion, ...task.score(problem, completion, finish), tokens, finish, target };
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

/** An evaluation's folder in the payload: the task that is tuned for has the payload itself. */
const folderOf = (dir: string, { name }: QuestionSet): string =>
  name === ownName ? dir : join(dir, 'auxiliary', name);

async function writeResults(dir: string, items: readonly ItemResult[], summary: object): Promise<void> {
  await ensureDir(dir);
  await writeJsonLines(join(dir, 'items.jsonl'), items);
  await writeFileAtomic(join(dir, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
}

/** Small figures of one part of an evaluation, those of a task beside under its name. */
function figuresOf({ name }: QuestionSet, { scores, interval, ...means }: Summary): Record<string, number> {
  const bounds = { scoreLow: interval.low, scoreHigh: interval.high };
  const named = Object.entries(scores).map(([score, value]) => [`scores.${score}`, value] as const);
  return figuresUnder(name, { ...means, ...bounds, ...Object.fromEntries(named) });
}

/** Answers to one part of an evaluation, checked by its task, and judged by whom the definition names. */
async function evaluatePart(
  session: StageSession,
  dir: string,
  answered: Answered,
): Promise<Pick<Annotated<unknown>, 'told'> & { readonly figures: Readonly<Record<string, number>> }> {
  const { set, task, decoding } = answered;
  await assertGrading(task, set.code);
  const { result: items, told } = await judgeItems(session, checkAll(answered), answered);
  const measured = summarize(task, items);
  const recorded = { metric: task.metric, judge: set.judge ?? null, decoding };
  await writeResults(folderOf(dir, set), items, { ...recorded, ...measured });
  return { told, figures: figuresOf(set, measured) };
}

/** The task that is tuned for, and whatever is evaluated beside it, one after another: judges have one client at a time. */
export async function evaluate(session: StageSession, spec: SpecOf<'evaluate'>): Promise<StageOutput> {
  if (session.stage.judgedOffDevice === undefined) await answerItems(session, spec);
  const answers = await takeAnswers(session, spec);
  const { nearTies = 0, cutPrompts = 0 } = addFigures(answers.map(({ figures }) => figures));
  const dir = await session.freshDir('payload');
  const parts: Awaited<ReturnType<typeof evaluatePart>>[] = [];
  for (const answered of answers) parts.push(await evaluatePart(session, dir, answered));
  const figures = Object.assign({}, ...parts.map((part) => part.figures)) as Record<string, number>;
  const told = addFigures(parts.map((part) => part.told));
  return { dir, metrics: { ...figures, nearTies, cutPrompts, ...(await billOf(session)), ...told } };
}
