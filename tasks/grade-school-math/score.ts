import { type Fault, refuseFaults, type TextFile } from '../json-rows';
import { matchResponses, parseResponses } from '../responses';
import { flexibleAnswer, strictAnswer } from './grade';
import { answerNumber, parseQuestions, questionRemedy } from './gsm8k';

/** One question's verdicts: the number after the first `#### `, and the last number. */
export interface MathVerdict {
  readonly question: string;
  readonly strict: boolean;
  readonly flexible: boolean;
}

export interface MathScore {
  readonly task: 'grade-school-math';
  readonly questions: number;
  /** Share of questions answered right, 0 … 1, by either extraction. */
  readonly strict: number;
  readonly flexible: number;
  readonly items: readonly MathVerdict[];
}

const shareOf = (items: readonly MathVerdict[], by: 'strict' | 'flexible'): number =>
  items.filter((item) => item[by]).length / items.length;

/**
 * Scores responses to the questions of a GSM8K file as the evaluation harness of reference does (lm-eval, gsm8k v3):
 * exact match of the extracted numbers, on the responses as they stand.
 *
 * @throws BudgetlineError DATA_INVALID, naming file, line and field of unusable rows.
 */
export function scoreMath(files: { references: TextFile; responses: TextFile }): MathScore {
  const faults: Fault[] = [];
  const questions = parseQuestions(files.references, faults);
  const responses = parseResponses(files.responses, 'question', faults);
  const pairs = matchResponses(
    questions.map(({ line, row }) => ({ line, prompt: row.question, row })),
    responses,
    { paths: { prompts: files.references.path, responses: files.responses.path }, field: 'question', faults },
  );
  refuseFaults(faults, `${questionRemedy} A response is { "question", "response" }, one a question.`);
  const items = pairs.map(({ row: { question, answer }, response }) => {
    const expected = answerNumber(answer);
    const strict = strictAnswer(response) === expected;
    return { question, strict, flexible: flexibleAnswer(response) === expected };
  });
  return {
    task: 'grade-school-math',
    questions: items.length,
    strict: shareOf(items, 'strict'),
    flexible: shareOf(items, 'flexible'),
    items,
  };
}
