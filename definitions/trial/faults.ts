import { BudgetlineError } from '../../core/failures';
import { itemName, shortText } from '../../contracts/text';
import { faulty } from '../faulty';
import type { TriedAuthor, TriedLabels } from './tried';

/** Who wrote an answer, for messages. */
export const authorName = (annotator: string | null): string =>
  annotator === null ? 'the reference answer' : `the answer of annotator ${annotator}`;

function assertAnswered(task: string, { annotator, answers, without, failure }: TriedAuthor): void {
  if (failure !== undefined)
    throw faulty(
      task,
      failure.problem,
      `Annotator ${annotator ?? ''} of task ${task} fails on ${itemName(failure.problem)}: ${failure.reason}`,
    );
  const [first] = without;
  if (first !== undefined && answers.length === 0)
    throw faulty(
      task,
      first.problem,
      `Annotator ${annotator ?? ''} of task ${task} has no answer to any of ${without.length} items. ${itemName(first.problem)}: ${first.reason}`,
    );
}

/**
 * Refuses a preference annotator that the definition uses and that fails.
 *
 * @throws BudgetlineError TASK_FAULTY
 */
export function assertLabels(
  tried: readonly TriedLabels[],
  { task, annotator }: Omit<Requirements, 'compared'>,
): void {
  const failure = tried.find((each) => each.annotator === annotator)?.failure;
  if (failure === undefined) return;
  const { problem, reason } = failure;
  const message = `Preference annotator ${annotator ?? ''} of task ${task} fails on ${itemName(problem)}: ${reason}`;
  throw faulty(task, problem, message);
}

/** A verifier that rejects every reference answer rejects every correct answer of a model too. */
function assertSomeCorrect(task: string, { answers }: TriedAuthor): void {
  const [first] = answers;
  if (first === undefined || answers.some(({ score }) => score > 0)) return;
  const { problem, text } = first;
  throw faulty(
    task,
    problem,
    `All ${answers.length} reference answers of task ${task} that were tried score 0 by its verifier. ` +
      `${itemName(problem)}: prompt ${shortText(problem.prompt)}, reference answer ${shortText(text)}.`,
  );
}

const listed = 20;

/** Rows of files whose reference answers are incorrect: they would be trained on. */
function assertRowsCorrect(task: string, { answers }: TriedAuthor): void {
  const incorrect = answers.filter(({ problem, score }) => problem.place !== undefined && score === 0);
  if (incorrect.length === 0) return;
  const lines = incorrect
    .slice(0, listed)
    .map(({ problem }) => `${problem.place ?? ''}: the reference answer scores 0 by the verifier of ${task}`);
  const more = incorrect.length > listed ? `\n… and ${incorrect.length - listed} more` : '';
  const count = incorrect.length === 1 ? '1 row cannot' : `${incorrect.length} rows cannot`;
  throw new BudgetlineError('DATA_INVALID', `${count} be used:\n${lines.join('\n')}${more}`, {
    remedy: 'Correct or remove these lines, or correct the verifier.',
    details: { task, count: incorrect.length },
  });
}

export interface Requirements {
  readonly task: string;
  /** Whether the task's answers are compared with others; then a reference answer may lose. */
  readonly compared: boolean;
  /** The annotator that the definition uses; left out if it is none of the tried ones. */
  readonly annotator?: string;
}

/**
 * Refuses a task that makes a run worthless.
 *
 * @throws BudgetlineError TASK_FAULTY; DATA_INVALID for incorrect reference answers of files
 */
export function assertUsable(
  tried: readonly TriedAuthor[],
  { task, compared, annotator }: Requirements,
): void {
  for (const author of tried) {
    if (author.annotator === null && !compared) {
      assertSomeCorrect(task, author);
      assertRowsCorrect(task, author);
    }
    if (author.annotator !== null && author.annotator === annotator) assertAnswered(task, author);
  }
}
