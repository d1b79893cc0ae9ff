import type { RecordsFile } from '../../contracts/records';
import { type Fault, refuseFaults } from '../record-rows';
import { matchResponses, parseResponses } from '../responses';
import { flexibleAnswer, strictAnswer } from './grade';
import { answerNumber, parseQuestions, questionRemedy } from './gsm8k';

/** One question's verdicts: `strict` by the number after the first `#### `, `flexible` by the last number. */
export interface MathVerdict {
  readonly question: string;
  readonly strict: boolean;
  readonly flexible: boolean;
}

export interface MathScore {
  readonly task: 'grade-school-math';
  readonly questions: number;
  /** Fraction of questions answered correctly, 0 … 1, by each extraction. */
  readonly strict: number;
  readonly flexible: number;
  readonly items: readonly MathVerdict[];
}

const shareOf = (items: readonly MathVerdict[], by: 'strict' | 'flexible'): number =>
  items.filter((item) => item[by]).length / items.length;

/**
 * Scores responses to the questions of a GSM8K file as lm-eval's gsm8k v3 does: exact match of the extracted numbers, on the
 * full responses.
 *
 * @throws BudgetlineError DATA_INVALID, with file, line and field of unusable rows
 */
export function scoreMath(files: { references: RecordsFile; responses: RecordsFile }): MathScore {
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
    const target = answerNumber(answer);
    const strict = strictAnswer(response) === target;
    return { question, strict, flexible: flexibleAnswer(response) === target };
  });
  return {
    task: 'grade-school-math',
    questions: items.length,
    strict: shareOf(items, 'strict'),
    flexible: shareOf(items, 'flexible'),
    items,
  };
}
