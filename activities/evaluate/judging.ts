import { BudgetlineError } from '../../contracts/failures';
import type { ItemResult } from '../../contracts/rows';
import type { Judge, Problem, Task } from '../../contracts/task';
import { digestOf } from '../../planning';
import { bothOrders, scoreVerdicts } from '../../tasks';
import { annotate, type Annotated } from '../annotation';
import type { StageSession } from '../session';
import { assertIdentified, findJudge } from '../task-data';

function comparisonsOf(task: Task, problem: Problem, { completion }: ItemResult) {
  const sides = task.sides?.(problem, completion);
  if (sides !== undefined) return bothOrders(sides);
  throw new BudgetlineError('DEFINITION_INVALID', `evaluation.judge: ${task.name} compares nothing.`, {
    remedy: 'Leave evaluation.judge out: this task has a check of its own.',
    details: { field: 'evaluation.judge' },
  });
}

/** The item with the judge's verdict in the place of the program's. */
function rejudged(item: ItemResult, verdicts: readonly string[], at: number): ItemResult {
  const score = scoreVerdicts(verdicts[2 * at] ?? '', verdicts[2 * at + 1] ?? '');
  return { ...item, score: score.win, scores: { ...item.scores, ...score } };
}

export interface Judging {
  readonly judge: string;
  readonly judgeDigest: string | undefined;
  readonly problems: readonly Problem[];
}

async function askJudge(
  session: StageSession,
  judge: Judge,
  { problems, items, task }: { problems: readonly Problem[]; items: readonly ItemResult[]; task: Task },
): Promise<Annotated<readonly string[]>> {
  const comparisons = problems.flatMap((problem, at) => comparisonsOf(task, problem, items[at]!));
  const work = { name: `Judge ${judge.name}`, key: digestOf({ judgements: task.name, judge: judge.name }) };
  return annotate(session, work, (annotation) => judge.compareAll(comparisons, annotation));
}

/** Puts every answer to a judge beside its reference, in both orders. */
export async function judgeItems(
  session: StageSession,
  items: readonly ItemResult[],
  { judge: name, judgeDigest, problems }: Judging,
): Promise<Annotated<ItemResult[]>> {
  const { task } = await session.loadTask();
  const judge = findJudge(task, name);
  await assertIdentified(judge, judgeDigest);
  const { result, metrics } = await askJudge(session, judge, { problems, items, task });
  session.usage.checkerCalls += result.length;
  return { result: items.map((item, at) => rejudged(item, result, at)), metrics };
}
