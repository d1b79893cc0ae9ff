import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { parseVerdict } from '../../contracts/verdict';
import { linesOf, type NumberedLine, parseFields, toJsonLines } from '../../schemas/json-lines';
import { appendLines, ensureDir, writeFileAtomic } from '../../host/durable-files';
import { readPlainFile } from '../../host/own-files';

/** A row for people to answer. */
export interface QueueRow {
  readonly id: string;
  /** Fields to show; also `people`, the number of answers needed, if more than one. */
  readonly [shown: string]: string;
}

/** One answer to a row of the queue. */
const answerRow = z.strictObject({
  /** The row's id. */
  id: z.string().min(1),
  /** A demonstration, a verdict or a preference. */
  completion: z.string().refine((text) => text.trim() !== '', 'is empty'),
  /** The person, where several answer the same rows. */
  by: z.string().min(1).optional(),
});
export type PeopleAnswer = z.infer<typeof answerRow>;

/** The latest answer of each person, in the order of their first answers. */
export function latestByPerson(answers: readonly PeopleAnswer[]): PeopleAnswer[] {
  return [...new Map(answers.map((answer) => [answer.by, answer])).values()];
}

const remedy =
  'Each line is { "id", "completion", "by"? }: the id of a line of queue.jsonl, a non-empty text, and the person.';

/** What people write for a row: a demonstration, a verdict of an evaluation, or a preference label. */
export type Wanted = 'demonstration' | 'verdict' | 'preference';

const better =
  'Write [[A]] where the first answer is better, [[B]] where the second is, [[tie]] where neither';
const remedies = { verdict: `${better}.`, preference: `${better}, [[refusal]] where you cannot judge them.` };

/** In the ids of rows, so that answers can be checked after their row has left the queue. */
const prefixes: Readonly<Record<Wanted, string>> = {
  demonstration: '',
  verdict: 'verdict-',
  preference: 'preference-',
};

function isReadable(wanted: 'verdict' | 'preference', completion: string): boolean {
  const verdict = parseVerdict(completion);
  return verdict !== 'unparseable' && (wanted === 'preference' || verdict !== 'refusal');
}

function assertReadable({ id, completion }: PeopleAnswer, place: string): void {
  const wanted = (['verdict', 'preference'] as const).find((each) => id.startsWith(prefixes[each]));
  if (wanted === undefined || isReadable(wanted, completion)) return;
  throw new BudgetlineError('DATA_INVALID', `${place} completion: "${completion}" is not a ${wanted}.`, {
    remedy: remedies[wanted],
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

const readLines = async (path: string): Promise<NumberedLine[]> => linesOf((await readPlainFile(path)) ?? '');

const peopleOf = (row: QueueRow): number => Number(row['people'] ?? 1);

function isOpen(row: QueueRow, answers: ReadonlyMap<string, readonly PeopleAnswer[]>): boolean {
  return latestByPerson(answers.get(row.id) ?? []).length < peopleOf(row);
}

/** A folder with queue.jsonl (open rows) and answers.jsonl. */
export class PeopleQueue {
  readonly #queuePath: string;
  readonly answersPath: string;

  constructor(private readonly folder: string) {
    this.#queuePath = join(folder, 'queue.jsonl');
    this.answersPath = join(folder, 'answers.jsonl');
  }

  /** Rows without enough answers. */
  async open(): Promise<QueueRow[]> {
    return (await readLines(this.#queuePath)).map(({ text }) => JSON.parse(text) as QueueRow);
  }

  /** All answers by row id, in the order of the file. */
  async answers(): Promise<Map<string, PeopleAnswer[]>> {
    const answers = new Map<string, PeopleAnswer[]>();
    for (const { line, text } of await readLines(this.answersPath)) {
      const place = `${this.answersPath}:${line}:`;
      const parsed = parseFields(text);
      if ('fault' in parsed)
        throw new BudgetlineError('DATA_INVALID', `${place} ${parsed.fault}.`, { remedy });
      const answer = parseAnswer(parsed.fields, place);
      answers.set(answer.id, [...(answers.get(answer.id) ?? []), answer]);
    }
    return answers;
  }

  /** Adds rows to the queue, removes answered ones, and returns the answers so far. */
  async ask(rows: readonly QueueRow[]): Promise<Map<string, PeopleAnswer[]>> {
    await ensureDir(this.folder);
    const answers = await this.answers();
    const all = new Map([...(await this.open()), ...rows].map((row) => [row.id, row]));
    const open = [...all.values()].filter((row) => isOpen(row, answers));
    await writeFileAtomic(this.#queuePath, toJsonLines(open));
    return answers;
  }

  /** Adds answers to rows of the queue: all of them, or none if one is unusable. Returns their number. */
  async take(lines: readonly { readonly fields: unknown; readonly place: string }[]): Promise<number> {
    const asked = new Set((await this.open()).map(({ id }) => id));
    const before = await this.answers();
    const added = lines.map(({ fields, place }) => {
      const answer = parseAnswer(fields, place);
      if (asked.has(answer.id) || before.has(answer.id)) return answer;
      const message = `${place} id: "${answer.id}" is not in the queue of ${this.folder}.`;
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

/** Each row once. */
export const distinctRows = <Row extends { readonly id: string }>(rows: readonly Row[]): Row[] => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
];

interface Asked {
  readonly name: string;
  readonly folder: string;
  readonly version?: number;
}

/** What a row shows, what people write, and how many of them. */
export interface Question {
  readonly shown: Readonly<Record<string, string>>;
  readonly wanted: Wanted;
  /** Default: 1. */
  readonly people?: number;
}

/** The id is a digest of the shown fields and the annotator, so equal rows of different stages are one row. */
function rowOf({ name, version = 1 }: Asked, { shown, wanted, people = 1 }: Question): QueueRow {
  const parts = JSON.stringify([name, version, Object.entries(shown)]);
  const id = prefixes[wanted] + createHash('sha256').update(parts).digest('hex').slice(0, 24);
  return { id, ...shown, ...(people === 1 ? {} : { people: String(people) }) };
}

/** A row with its answers. */
export interface Answered {
  readonly id: string;
  readonly answers: readonly PeopleAnswer[];
}

/**
 * The answers to all questions, in order. Equal rows are asked once, for the largest of their numbers of people.
 *
 * @throws BudgetlineError ANNOTATION_PENDING while answers are missing; its retries do not count as failures
 */
export async function awaitAnswers(asked: Asked, questions: readonly Question[]): Promise<Answered[]> {
  const { name, folder } = asked;
  const queue = new PeopleQueue(folder);
  const rows = questions.map((each) => rowOf(asked, each));
  const distinct = distinctRows([...rows].sort((a, b) => peopleOf(a) - peopleOf(b)));
  const answers = await queue.ask(distinct);
  const open = distinct.filter((row) => isOpen(row, answers)).length;
  if (open === 0) return rows.map(({ id }) => ({ id, answers: answers.get(id) ?? [] }));
  throw new BudgetlineError(
    'ANNOTATION_PENDING',
    `${name}: ${open} of ${distinct.length} rows wait for answers; see "budgetline annotate ${folder}".`,
    { details: { open, folder } },
  );
}
