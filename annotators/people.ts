import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../contracts/failures';
import type { AnnotationSession, Annotator, Problem } from '../contracts/task';
import { annotatorByTheBatch } from './by-the-batch';

export interface PeopleOptions {
  /** Name of the annotator in definitions. */
  readonly name: string;
  /** One sentence for reports: who they are, what they were told. */
  readonly description: string;
  /** Where queue.jsonl is written and answers.jsonl is expected, for all of this annotator's work. */
  readonly folder: string;
  /** Raised when they are told otherwise, or are others; 1 unless told. */
  readonly version?: number;
}

const answerRow = z.strictObject({ id: z.string(), completion: z.string().min(1) });

function parseAnswer(line: string, place: string): z.infer<typeof answerRow> {
  let reason = 'is no JSON';
  try {
    const parsed = answerRow.safeParse(JSON.parse(line));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`;
  } catch {
    // The reason stands.
  }
  throw new BudgetlineError('DATA_INVALID', `${place} ${reason}.`, {
    remedy:
      'Each line is { "id", "completion" }: the id of a line of queue.jsonl, and a text that is not empty.',
  });
}

async function readAnswers(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  const answers = new Map<string, string>();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const { id, completion } = parseAnswer(line, `${path}:${index + 1}:`);
    answers.set(id, completion);
  });
  return answers;
}

async function writeQueue(path: string, open: readonly Problem[]): Promise<void> {
  const rows = open.map(({ id, prompt }) => `${JSON.stringify({ id, prompt })}\n`);
  await writeFile(`${path}.partial`, rows.join(''));
  await rename(`${path}.partial`, path);
}

async function askPeople(
  { name, folder }: PeopleOptions,
  problems: readonly Problem[],
  session: AnnotationSession,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const answersPath = join(folder, 'answers.jsonl');
  const answers = await readAnswers(answersPath);
  const open = problems.filter(({ id }) => !answers.has(id));
  session.report(problems.length - open.length, problems.length);
  await writeQueue(join(folder, 'queue.jsonl'), open);
  if (open.length === 0) return problems.map(({ id }) => answers.get(id) ?? '');
  throw new BudgetlineError(
    'ANNOTATION_PENDING',
    `${name}: ${open.length} of ${problems.length} rows wait for answers in ${answersPath}.`,
    { details: { open: open.length, folder } },
  );
}

/**
 * People as annotators, by files: what is to be answered stands in queue.jsonl ({ id, prompt } a line), answers go into
 * answers.jsonl ({ id, completion } a line, appended or replaced at will). The stage is asked again every half a minute
 * until all are there; meanwhile it holds no worker, and workers and server may be stopped and started.
 */
export function peopleAnnotator(options: PeopleOptions): Annotator {
  return annotatorByTheBatch({
    name: options.name,
    description: options.description,
    identify: () => Promise.resolve({ kind: 'people', version: options.version ?? 1 }),
    demonstrateAll: (problems, session) => askPeople(options, problems, session),
  });
}
