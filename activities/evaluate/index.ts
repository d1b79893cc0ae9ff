import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { GenerationRow, ItemResult } from '../../schemas/rows';
import { addMetrics, type AuxiliaryMetrics, mergePatterns } from '../../contracts/metrics';
import { type SpecOf, ownName, type QuestionSet } from '../../stages';
import { assess } from '../task-calls';
import type { Problem, Task } from '../../contracts/task';
import { ensureDir, writeFileAtomic } from '../../host/durable-files';
import { type Annotated, billOf } from '../annotation';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { assertGrading } from '../task-data';
import { Turns } from '../turns';
import { answerItems, takeAnswers, type Answered } from './answers';
import { judgeItems } from './judging';
import { type Summary, summarize } from './summary';

export { answerItems, areAnswered } from './answers';

function scoreAnswer(task: Task, problem: Problem, row: GenerationRow): ItemResult {
  const { completion, tokens, finish } = row;
  const { id, prompt, target } = problem;
  const assessment = assess(task, { problem, completion, finish });
  return { id, prompt, completion, ...assessment, tokens, finish, target };
}

function answerTo({ id }: Problem, rows: ReadonlyMap<string, GenerationRow>): GenerationRow {
  const row = rows.get(id);
  if (row !== undefined) return row;
  throw new BudgetlineError('TRAINER_PROTOCOL', `The training executable left no answer for ${id}.`);
}

/** Every problem's answer, scored by the task. */
async function scoreAll(session: StageSession, { task, problems, rows }: Answered): Promise<ItemResult[]> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const turns = new Turns(session);
  const scored: ItemResult[] = [];
  for (const problem of problems) {
    await turns.take();
    session.report({ phase: 'score', step: scored.length, steps: problems.length });
    scored.push(scoreAnswer(task, problem, answerTo(problem, byId)));
  }
  return scored;
}

/** A task's folder in the payload. The task that is tuned for has the payload itself. */
const folderOf = (dir: string, { name }: QuestionSet): string =>
  name === ownName ? dir : join(dir, 'auxiliary', name);

async function writeResults(dir: string, items: readonly ItemResult[], summary: object): Promise<void> {
  await ensureDir(dir);
  await writeJsonLines(join(dir, 'items.jsonl'), items);
  await writeFileAtomic(join(dir, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
}

/** Metrics of one task of an evaluation. */
function metricsOf({ scores, interval, ...means }: Summary): Pick<AuxiliaryMetrics, 'metrics' | 'scores'> {
  return { metrics: { ...means, scoreLow: interval.low, scoreHigh: interval.high }, scores };
}

interface Part extends Pick<Annotated<unknown>, 'recorded'> {
  readonly measured: AuxiliaryMetrics;
}

/** Scores the answers to one task, by its verifier or by the judge that the definition names. */
async function evaluatePart(session: StageSession, dir: string, answered: Answered): Promise<Part> {
  const { set, task, decoding } = answered;
  await assertGrading(task, set.code);
  const scored = await scoreAll(session, answered);
  const { result: items, recorded } = await judgeItems(session, scored, answered);
  const summary = summarize(task, items);
  const how = { metric: task.metric, judge: set.judge ?? null, decoding };
  await writeResults(folderOf(dir, set), items, { ...how, ...summary });
  return { recorded, measured: { name: set.name, metric: task.metric, ...metricsOf(summary) } };
}

/** Evaluates the task that is tuned for and the auxiliary ones, or one of these, one after another: judges have one client at a time. */
export async function evaluate(session: StageSession, spec: SpecOf<'evaluate'>): Promise<StageOutput> {
  if (session.stage.judgedOffDevice === undefined) await answerItems(session, spec);
  const answers = await takeAnswers(session, spec);
  const { nearTies = 0, truncatedPrompts = 0 } = addMetrics(answers.map(({ metrics }) => metrics));
  const dir = await session.freshDir('payload');
  const parts: Part[] = [];
  for (const answered of answers) parts.push(await evaluatePart(session, dir, answered));
  const [own, ...auxiliary] = parts.map(({ measured }) => measured);
  const recorded = addMetrics(parts.map((part) => part.recorded.metrics));
  const labels = mergePatterns(parts.flatMap((part) => part.recorded.labels ?? []));
  return {
    dir,
    metrics: { ...own?.metrics, nearTies, truncatedPrompts, ...(await billOf(session)), ...recorded },
    metric: own?.metric,
    scores: own?.scores,
    task: spec.only,
    auxiliary,
    labels,
  };
}
