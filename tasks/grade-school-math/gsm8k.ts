import type { TaskData } from '../../contracts/definition';
import { BudgetlineError } from '../../contracts/failures';
import type { Problem, ProblemSet, TaskContext } from '../../contracts/task';
import { normalizeText, wordNgrams } from '../text';

type FileData = Extract<TaskData, { source: 'files' }>;

/** A problem from a file of questions and answers, with its reference solution in the asked format. */
export interface FileProblem extends Problem {
  readonly source: 'files';
  readonly question: string;
  readonly solution: string;
}

interface Fault {
  readonly path: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

interface Row {
  readonly line: number;
  readonly question: string;
  readonly answer: string;
}

const finalAnswer = /^#### *\$?(-?[0-9][0-9.,]*)$/;
const listedFaults = 20;

const instruction =
  'Solve the problem. Write one line for each step: "Step 1: ...", "Step 2: ..." and so on; ' +
  'then a line "#### " with the answer as a number.';

/** Numbers as answers are compared: no thousands commas, no currency sign, no final full stop. */
export const cleanNumber = (text: string): string => text.replace(/[,$]/g, '').replace(/\.$/, '');

/** The reference solution as `Step 1: …`, `Step 2: …`, then `#### n`. */
function renderSolution(answer: string, stripCalculator: boolean): string {
  const lines = answer
    .replace(/<<[^<>]*>>/g, (mark) => (stripCalculator ? '' : mark))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const steps = lines.slice(0, -1).map((line, index) => `Step ${index + 1}: ${line}`);
  return [...steps, `#### ${answerNumber(answer) ?? ''}`].join('\n');
}

function answerNumber(answer: string): string | undefined {
  const last = answer.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const number = finalAnswer.exec(last)?.[1];
  return number === undefined ? undefined : cleanNumber(number);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with one parsed line, by field; empty where it can be used. */
function rowFaults(value: unknown): { field: string; reason: string }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ field: 'the line', reason: 'is not a JSON object' }];
  }
  const fields = value as Record<string, unknown>;
  const faults = ['question', 'answer']
    .filter((field) => typeof fields[field] !== 'string' || fields[field].trim() === '')
    .map((field) => ({ field, reason: field in fields ? 'is not a text, or is empty' : 'is missing' }));
  if (faults.length > 0 || answerNumber(String(fields['answer'])) !== undefined) return faults;
  return [{ field: 'answer', reason: 'does not end in a line "#### " with a number' }];
}

function parseRows({ path, text }: { path: string; text: string }, faults: Fault[]): Row[] {
  const rows: Row[] = [];
  text.split('\n').forEach((content, index) => {
    if (content.trim() === '') return;
    const value = parseJson(content);
    const found = rowFaults(value);
    faults.push(...found.map((fault) => ({ path, line: index + 1, ...fault })));
    if (found.length === 0)
      rows.push({ line: index + 1, ...(value as { question: string; answer: string }) });
  });
  if (text.trim() === '') {
    faults.push({ path, line: 1, field: 'the file', reason: 'holds no rows' });
  }
  return rows;
}

function refuseFaults(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const listed = faults.slice(0, listedFaults);
  const sentences = listed.map(({ path, line, field, reason }) => `${path}:${line}: ${field} ${reason}`);
  const more = faults.length > listed.length ? `\n… and ${faults.length - listed.length} more` : '';
  const count = faults.length === 1 ? '1 row cannot' : `${faults.length} rows cannot`;
  throw new BudgetlineError('DATA_INVALID', `${count} be used:\n${sentences.join('\n')}${more}`, {
    remedy:
      'Correct or remove these lines: each is a JSON object with "question" (text) and "answer" (text whose last line is "#### " and a number).',
    details: { faults: listed, count: faults.length },
  });
}

function makeProblem(row: Row, file: string, stripCalculator: boolean): FileProblem {
  return {
    source: 'files',
    id: `${file}-${String(row.line).padStart(5, '0')}`,
    question: row.question.trim(),
    prompt: `${instruction}\n\nQuestion: ${row.question.trim()}\nAnswer:\n`,
    expected: answerNumber(row.answer) ?? '',
    solution: renderSolution(row.answer, stripCalculator),
  };
}

/** Finds problems whose question equals one of `others`, or shares thirteen words in a row with one. */
function overlapWith(others: readonly FileProblem[]): (problem: FileProblem) => string | undefined {
  const texts = others.map((problem) => normalizeText(problem.question));
  const whole = new Set(texts);
  const runs = new Set(texts.flatMap((text) => wordNgrams(text, 13)));
  return ({ question }) => {
    const text = normalizeText(question);
    if (whole.has(text)) return 'sameText';
    return wordNgrams(text, 13).some((run) => runs.has(run)) ? 'thirteenWords' : undefined;
  };
}

function withoutRepeats(problems: readonly FileProblem[]): FileProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ question }) => {
    const text = normalizeText(question);
    return !seen.has(text) && seen.add(text);
  });
}

/**
 * Reads question-and-answer JSONL, the layout of GSM8K. The last `data.validation` usable rows of train are held
 * back. Train rows whose question equals a test question, or shares thirteen consecutive words with one, are left out
 * and counted; so are pool rows that overlap with validation in that way.
 *
 * @throws BudgetlineError DATA_INVALID, naming file, line and field of up to twenty unusable rows.
 */
export async function loadFiles(data: FileData, context: TaskContext): Promise<ProblemSet<FileProblem>> {
  const faults: Fault[] = [];
  const read = async (name: 'train' | 'test'): Promise<FileProblem[]> =>
    parseRows(await context.readText(name), faults).map((row) =>
      makeProblem(row, name, data.stripCalculator),
    );
  const train = await read('train');
  const test = withoutRepeats(await read('test'));
  refuseFaults(faults);
  return splitTrain(train, test, data.validation);
}

function splitTrain(train: FileProblem[], test: FileProblem[], held: number): ProblemSet<FileProblem> {
  const excluded: Record<string, number> = {};
  const keep = (problems: FileProblem[], others: FileProblem[], from: string): FileProblem[] => {
    const overlap = overlapWith(others);
    return problems.filter((problem) => {
      const reason = overlap(problem);
      if (reason === undefined) return true;
      const name = `train row like one of ${from}: ${reason === 'sameText' ? 'same text' : 'thirteen words in a row'}`;
      excluded[name] = (excluded[name] ?? 0) + 1;
      return false;
    });
  };
  const distinct = withoutRepeats(train);
  if (distinct.length < train.length) excluded['repeated train row'] = train.length - distinct.length;
  const usable = keep(distinct, test, 'test');
  const validation = held === 0 ? [] : usable.slice(-held);
  const pool = keep(usable.slice(0, usable.length - validation.length), validation, 'validation');
  return { pool, validation, test, excluded };
}
