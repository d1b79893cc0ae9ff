import { BudgetlineError } from '../core/failures';
import { shownValue } from './text';

/** What an annotator or judge was asked. */
export interface Asking {
  /** Name of the annotator or judge. */
  readonly name: string;
  /** Ids of the items. */
  readonly items: readonly string[];
}

/**
 * A list of one answer for each item, in order.
 *
 * @throws BudgetlineError ANNOTATOR_FAULTY with name, item and value
 */
function assertAnswers<T>(
  answers: unknown,
  { name, items }: Asking,
  isAnswer: (each: unknown) => each is T,
): readonly T[] {
  const fault = (problem: string, item?: string): BudgetlineError =>
    new BudgetlineError('ANNOTATOR_FAULTY', `${name} returned ${problem}`, {
      details: { annotator: name, item },
    });
  if (!Array.isArray(answers))
    throw fault(`${shownValue(answers)} instead of a list of ${items.length} texts.`);
  if (answers.length !== items.length) throw fault(`${answers.length} texts for ${items.length} items.`);
  const wrong = answers.findIndex((each) => !isAnswer(each));
  if (wrong >= 0)
    throw fault(`${shownValue(answers[wrong])} instead of a text for ${items[wrong] ?? ''}.`, items[wrong]);
  return answers as T[];
}

/**
 * One text for each item, in order.
 *
 * @throws BudgetlineError ANNOTATOR_FAULTY with name, item and value
 */
export const assertTexts = (answers: unknown, asking: Asking): readonly string[] =>
  assertAnswers(answers, asking, (each): each is string => typeof each === 'string');

/**
 * One text for each item, in order, or null where the item was refused.
 *
 * @throws BudgetlineError ANNOTATOR_FAULTY with name, item and value
 */
export const assertTextsOrRefusals = (answers: unknown, asking: Asking): readonly (string | null)[] =>
  assertAnswers(answers, asking, (each): each is string | null => each === null || typeof each === 'string');
