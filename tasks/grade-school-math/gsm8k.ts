import type { ProblemData } from '../../schemas/definition';
import { recordName, type RecordsFile } from '../../contracts/records';
import type { Problem, ProblemSet, TaskContext } from '../../contracts/task';
import type { Compared } from '../../text/overlap';
import { rowsOfFiles, readTaskFiles } from '../define/read-files';
import { separate } from '../define/separate';
import { type Fault, type PlacedRow, rowsOf, textReasons } from '../record-rows';

type FileData = Extract<ProblemData, { source: 'files' }>;

/** A problem from a file of questions and answers, with its reference solution in the asked format. */
export interface FileProblem extends Problem {
  readonly source: 'files';
  readonly question: string;
  readonly solution: string;
}

/** A question with its worked answer, which ends in a line "#### " and a number. */
export interface QuestionRow {
  readonly question: string;
  readonly answer: string;
}

const finalAnswer = /^#### *\$?(-?[0-9][0-9.,]*)$/;

const instruction =
  'Solve the problem. Write one line for each step: "Step 1: ...", "Step 2: ..." and so on; ' +
  'then a line "#### " with the answer as a number.';

/** A number for comparison: without thousands commas, currency sign and final full stop. */
export const cleanNumber = (text: string): string => text.replace(/[,$]/g, '').replace(/\.$/, '');

/** The reference solution as `Step 1: …`, `Step 2: …`, then `#### n`. */
function renderSolution(answer: string, stripCalculationAnnotations: boolean): string {
  const lines = answer
    .replace(/<<[^<>]*>>/g, (mark) => (stripCalculationAnnotations ? '' : mark))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const steps = lines.slice(0, -1).map((line, index) => `Step ${index + 1}: ${line}`);
  return [...steps, `#### ${answerNumber(answer) ?? ''}`].join('\n');
}

/** The number at the end of a worked answer; undefined where it has none. */
export function answerNumber(answer: string): string | undefined {
  const last = answer.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const number = cleanNumber(finalAnswer.exec(last)?.[1] ?? 'none');
  return Number.isNaN(Number(number)) ? undefined : number;
}

/** Rows { question, answer }; unusable rows go into `faults`. */
export function parseQuestions(file: RecordsFile, faults: Fault[]): PlacedRow<QuestionRow>[] {
  return rowsOf<QuestionRow>(
    file,
    (fields) => {
      const reasons = textReasons(fields, 'question', 'answer');
      if (reasons.length > 0) return { reasons };
      const row = { question: String(fields['question']), answer: String(fields['answer']) };
      if (answerNumber(row.answer) !== undefined) return { row };
      return { reasons: [{ field: 'answer', reason: 'does not end in a line "#### " with a number' }] };
    },
    faults,
  );
}

export const questionRemedy =
  'Correct or remove these lines: each has "question" (text) and "answer" (text whose last line is "#### " and a number).';

function makeProblem(
  { row, ...place }: PlacedRow<QuestionRow>,
  file: { readonly name: string; readonly path: string },
  stripCalculationAnnotations: boolean,
): FileProblem {
  return {
    source: 'files',
    id: `${file.name}-${recordName(place, 5)}`,
    place: `${file.path}:${place.line}`,
    question: row.question.trim(),
    prompt: `${instruction}\n\nQuestion: ${row.question.trim()}\nAnswer:\n`,
    target: answerNumber(row.answer) ?? '',
    solution: renderSolution(row.answer, stripCalculationAnnotations),
  };
}

/**
 * Reads rows { question, answer }, the layout of GSM8K. The last `data.validation` usable rows of train are held back.
 * Train rows whose question equals a test question or shares a 13-gram with one are excluded and counted, and so are pool
 * rows that overlap validation.
 *
 * @throws BudgetlineError DATA_INVALID, with file, line and field of the first twenty unusable rows
 */
export async function loadFiles(data: FileData, context: TaskContext): Promise<ProblemSet<FileProblem>> {
  const files = await readTaskFiles(data, context);
  const rows = rowsOfFiles({ files, remedy: questionRemedy }, (file, faults, name) =>
    parseQuestions(file, faults).map((row) =>
      makeProblem(row, { name, path: file.path }, data.stripCalculationAnnotations),
    ),
  );
  const compared = ({ question }: FileProblem): Compared => ({ text: question });
  return separate(rows, { validation: data.validation, compared });
}
