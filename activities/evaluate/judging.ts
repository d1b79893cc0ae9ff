import { BudgetlineError } from '../../core/failures';
import type { ItemResult } from '../../schemas/rows';
import type { Judge, Problem } from '../../contracts/task';
import { bothOrders, scoreVerdicts } from '../../tasks';
import { annotate, type Annotated } from '../annotation';
import { assertTexts } from '../../contracts/answers';
import type { StageSession } from '../session';
import { comparisonOf } from '../task-calls';
import { assertIdentified, findJudge } from '../task-data';
import type { Answered } from './answers';

function comparisonsOf({ task, set }: Judged, problem: Problem, { completion }: ItemResult) {
  const sides = comparisonOf(task, problem, completion);
  if (sides !== undefined) return bothOrders(sides);
  const field = `${set.field}.judge`;
  throw new BudgetlineError('DEFINITION_INVALID', `${field}: ${task.name} has no answers to compare.`, {
    remedy: `Leave ${field} out: this task has its own verifier.`,
    details: { field },
  });
}

/** The item with the judge's score in place of the verifier's. */
function rejudged(item: ItemResult, verdicts: readonly string[], at: number): ItemResult {
  const score = scoreVerdicts(verdicts[2 * at] ?? '', verdicts[2 * at + 1] ?? '');
  return { ...item, score: score.win, scores: { ...item.scores, ...score } };
}

/** What a judge gets: the questions and their task. */
type Judged = Pick<Answered, 'set' | 'task' | 'problems'>;

async function askJudge(
  session: StageSession,
  judge: Judge,
  { judged, items }: { judged: Judged; items: readonly ItemResult[] },
): Promise<Annotated<readonly string[]>> {
  const comparisons = judged.problems.flatMap((problem, at) => comparisonsOf(judged, problem, items[at]!));
  const asking = { name: judge.name, items: judged.problems.flatMap(({ id }) => [id, id]) };
  const { result, recorded } = await annotate(session, asking, (annotation) =>
    judge.compareBatch(comparisons, annotation),
  );
  return { result: assertTexts(result, asking), recorded };
}

/**
 * If the definition names a judge, it compares every answer with its reference, in both orders. Its
 * verdicts replace the scores of the task's verifier.
 */
export async function judgeItems(
  session: StageSession,
  items: readonly ItemResult[],
  judged: Judged,
): Promise<Annotated<readonly ItemResult[]>> {
  const { judge: name, judgeDigest: digest, code } = judged.set;
  if (name === undefined) return { result: items, recorded: { metrics: {} } };
  const judge = findJudge(judged.task, name);
  await assertIdentified(judge, { digest, code: code?.judge });
  const { result, recorded } = await askJudge(session, judge, { judged, items });
  session.usage.verifierCalls += result.length;
  return { result: items.map((item, at) => rejudged(item, result, at)), recorded };
}
