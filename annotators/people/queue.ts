import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { withoutByteOrderMark } from '../../contracts/byte-order-mark';
import { BudgetlineError } from '../../contracts/failures';
import { parseVerdict } from '../../contracts/verdict';
import { appendLines, ensureDir, writeFileAtomic } from '../../store';

/** Something that people are asked: an id, and what they are shown. */
export interface QueueRow {
  readonly id: string;
  /** Among them `people`, how many are to answer, where one is not enough. */
  readonly [shown: string]: string;
}

/** One answer: to a row of the queue, by somebody. */
const answerRow = z.strictObject({
  id: z.string().min(1),
  /** A demonstration, or a verdict. */
  completion: z.string().refine((text) => text.trim() !== '', 'is empty'),
  /** Who answered, where several answer the same rows. */
  by: z.string().min(1).optional(),
});
export type PeopleAnswer = z.infer<typeof answerRow>;

/** One answer a person, in the order in which they first answered: whoever answers again corrects what was said before. */
export function latestByPerson(answers: readonly PeopleAnswer[]): PeopleAnswer[] {
  return [...new Map(answers.map((answer) => [answer.by, answer])).values()];
}

const remedy =
  'Each line is { "id", "completion", "by"? }: the id of a line of queue.jsonl, a text that is not empty, and who answered.';

/** Ids of rows that ask for a verdict begin so: what an answer has to be is known when its row is answered already. */
const verdictPrefix = 'verdict-';

function assertReadable({ id, completion }: PeopleAnswer, place: string): void {
  if (!id.startsWith(verdictPrefix) || parseVerdict(completion) !== 'unparseable') return;
  throw new BudgetlineError('DATA_INVALID', `${place} completion: "${completion}" is no verdict.`, {
    remedy: 'Write [[A]] where the first answer is better, [[B]] where the second is, [[tie]] where neither.',
  });
}

function parseAnswer(fields: unknown, place: string): PeopleAnswer {
  const parsed = answerRow.safeParse(fields);
  if (parsed.success) {
    assertReadable(parsed.data, place);
    return parsed.data;
  }
  const { path, message } = parsed.error.issues[0]!;
  throw new BudgetlineError('DATA_INVALID', `${place} ${path.join('.')}: ${message}.`, { remedy });
}

function parseLine(line: string, place: string): PeopleAnswer {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    throw new BudgetlineError('DATA_INVALID', `${place} is no JSON.`, { remedy });
  }
  return parseAnswer(fields, place);
}

async function readLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return withoutByteOrderMark(text).split('\n');
}

function isOpen(row: QueueRow, answers: ReadonlyMap<string, readonly PeopleAnswer[]>): boolean {
  return latestByPerson(answers.get(row.id) ?? []).length < Number(row['people'] ?? 1);
}

/** A folder with queue.jsonl, what people are asked, and answers.jsonl, what they have said. */
export class PeopleQueue {
  readonly #queuePath: string;
  readonly answersPath: string;

  constructor(private readonly folder: string) {
    this.#queuePath = join(folder, 'queue.jsonl');
    this.answersPath = join(folder, 'answers.jsonl');
  }

  /** What is asked and not answered yet. */
  async open(): Promise<QueueRow[]> {
    const lines = (await readLines(this.#queuePath)).filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as QueueRow);
  }

  /** All answers by the row that they are to, in the order in which they were given. */
  async answers(): Promise<Map<string, PeopleAnswer[]>> {
    const answers = new Map<string, PeopleAnswer[]>();
    (await readLines(this.answersPath)).forEach((line, index) => {
      if (line.trim() === '') return;
      const answer = parseLine(line, `${this.answersPath}:${index + 1}:`);
      answers.set(answer.id, [...(answers.get(answer.id) ?? []), answer]);
    });
    return answers;
  }

  /** Asks for rows beside those that others ask for; gives the answers so far. */
  async ask(rows: readonly QueueRow[]): Promise<Map<string, PeopleAnswer[]>> {
    await ensureDir(this.folder);
    const answers = await this.answers();
    const all = new Map([...(await this.open()), ...rows].map((row) => [row.id, row]));
    const open = [...all.values()].filter((row) => isOpen(row, answers));
    await writeFileAtomic(this.#queuePath, open.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return answers;
  }

  /** Takes answers to rows of the queue; all of them or, where one cannot be used, none. */
  async take(given: readonly { readonly fields: unknown; readonly place: string }[]): Promise<number> {
    const asked = new Set((await this.open()).map(({ id }) => id));
    const before = await this.answers();
    const added = given.map(({ fields, place }) => {
      const answer = parseAnswer(fields, place);
      if (asked.has(answer.id) || before.has(answer.id)) return answer;
      const message = `${place} id: "${answer.id}" is in no queue of ${this.folder}.`;
      throw new BudgetlineError('DATA_INVALID', message, { remedy });
    });
    await appendLines(
      this.answersPath,
      added.map((answer) => JSON.stringify(answer)),
    );
    await this.ask([]);
    return added.length;
  }
}

/** Each row once, however often it was shown. */
export const distinctRows = <Row extends { readonly id: string }>(rows: readonly Row[]): Row[] => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
];

/** Who is asked, and by which files. */
interface Asked {
  readonly name: string;
  readonly folder: string;
  readonly version?: number;
  readonly people?: number;
}

type Shown = Readonly<Record<string, string>>;

/** Ids of problems repeat between tasks, files and seeds; what is shown, and to whom, is one row whichever stage asks. */
function rowOf({ name, version = 1, people = 1 }: Asked, shown: Shown): QueueRow {
  const parts = JSON.stringify([name, version, Object.entries(shown)]);
  const digest = createHash('sha256').update(parts).digest('hex').slice(0, 24);
  const id = 'second' in shown ? verdictPrefix + digest : digest;
  return { id, ...shown, ...(people === 1 ? {} : { people: String(people) }) };
}

/** A row that was asked, with what was answered to it. */
export interface Answered {
  readonly id: string;
  readonly answers: readonly PeopleAnswer[];
}

/**
 * What people say of all that is shown, in its order, where all of it has been answered. What is shown twice is one row.
 *
 * @throws BudgetlineError ANNOTATION_PENDING, which is tried again without costing retries
 */
export async function awaitAnswers(asked: Asked, shown: readonly Shown[]): Promise<Answered[]> {
  const { name, folder } = asked;
  const queue = new PeopleQueue(folder);
  const rows = shown.map((each) => rowOf(asked, each));
  const distinct = distinctRows(rows);
  const answers = await queue.ask(distinct);
  const open = distinct.filter((row) => isOpen(row, answers)).length;
  if (open === 0) return rows.map(({ id }) => ({ id, answers: answers.get(id) ?? [] }));
  throw new BudgetlineError(
    'ANNOTATION_PENDING',
    `${name}: ${open} of ${distinct.length} rows wait for answers; see "budgetline annotate ${folder}".`,
    { details: { open, folder } },
  );
}
