import { BudgetlineError } from '../contracts/failures';
import type { UserRowsSource } from '../schemas/user-rows';
import type { Problem, ProblemSet, Task } from '../contracts/task';
import { exactText, normalizeText } from '../text/normalize';
import { contentOf, type HeldOutSet, type NamedOverlap, overlapOf } from './held-out';
import { ingestFile, type IngestSummary } from './ingest';
import type { AnnotationRow, RowFault } from './types';

/** A usable row of the user's own file, and where its prompt stands among the task's problems. */
export interface UserRow {
  readonly row: AnnotationRow;
  /** Normalised text of the prompt; of a problem of the pool, of its content. */
  readonly text: string;
  /** Index in the pool, where the prompt is a problem of it. */
  readonly poolRow?: number;
}

/** What a file came to. */
export interface UserRows {
  readonly rows: readonly UserRow[];
  readonly summary: IngestSummary;
  /** Rows on problems of the pool, which the task's own check can be held against. */
  readonly checked: number;
  /** Of these, rows that the check contradicts. */
  readonly contradicted: number;
  /** Tasks beside of whose test items some row was like, by name. */
  readonly heldOut: readonly string[];
}

export interface UserRowsRequest {
  readonly path: string;
  readonly given: Omit<UserRowsSource, 'digest'>;
  readonly task: Task;
  readonly problems: ProblemSet;
  /** Generated problems share long runs of words by design. */
  readonly templated: boolean;
  /** Test items of tasks that are evaluated beside; no row may be like one. */
  readonly auxiliary?: readonly HeldOutSet[];
  /** Told of each row that cannot be used; where nobody is, such rows are an error. */
  readonly onFault?: (fault: RowFault) => void;
}

/** Puts a bare problem as the task puts its own: in the place of another one's content. */
function framer({ task, problems, given }: UserRowsRequest): (content: string) => string {
  const [sample] = problems.pool;
  const frame = sample?.prompt.split(contentOf(task, sample));
  if (frame?.length === 2 && frame.some((part) => part !== '')) return (content) => frame.join(content);
  if (given.prompts === 'whole') return (content) => content;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `annotations: prompts are "task", but ${task.name} cannot put problems of others as it puts its own.`,
    { remedy: 'Give the file prompts as the model should see them, and say prompts: "whole".' },
  );
}

/** Where a prompt ends in a word, its answer begins with a space. */
const spaced = (prompt: string, answer: string): string =>
  /\S$/.test(prompt) && /^\S/.test(answer) ? ` ${answer}` : answer;

function present(row: AnnotationRow, prompt: string): AnnotationRow {
  const put = (answer: string): string => spaced(prompt, answer);
  if ('chosen' in row) return { ...row, prompt, chosen: put(row.chosen), rejected: put(row.rejected) };
  return { ...row, prompt, completion: put(row.completion) };
}

/** Whether the task's check says otherwise than whoever wrote or preferred. Of an answer between right and wrong it does not. */
function isContradicted(task: Task, problem: Problem, row: AnnotationRow): boolean {
  const score = (answer: string): number => task.score(problem, answer, 'stop').score;
  if ('chosen' in row) return score(row.chosen) <= score(row.rejected);
  const scored = score(row.completion);
  return 'label' in row && !row.label ? scored >= 1 : !(scored > 0);
}

const listedFaults = 20;

function refuse(path: string, faults: readonly RowFault[], count: number): never {
  const listed = faults.map(({ line, field, reason }) => `${path}:${line}: ${field} ${reason}`);
  const more = count > listed.length ? `\n… and ${count - listed.length} more` : '';
  throw new BudgetlineError(
    'DATA_INVALID',
    `${path} has rows that cannot be used:\n${listed.join('\n')}${more}`,
    {
      remedy: `${faults[0]?.remedy ?? ''} "budgetline data preview ${path}" names them all.`,
      details: { path, count },
    },
  );
}

/** Takes rows as they come from a file; a class because there are counts to keep. */
class Taker {
  readonly rows: UserRow[] = [];
  readonly faults: RowFault[] = [];
  faultCount = 0;
  checked = 0;
  contradicted = 0;
  readonly #known: Map<string, number>;
  readonly #frame: ((content: string) => string) | undefined;

  constructor(private readonly request: UserRowsRequest) {
    const { task, problems, given } = request;
    // Exactly: whatever is only like a problem of the pool is another one, and keeps its own prompt.
    const texts = (problem: Problem): string =>
      exactText(given.prompts === 'task' ? contentOf(task, problem) : problem.prompt);
    this.#known = new Map(problems.pool.map((problem, index) => [texts(problem), index]));
    this.#frame = given.prompts === 'task' ? framer(request) : undefined;
  }

  fault(fault: RowFault): void {
    this.request.onFault?.(fault);
    this.faultCount += 1;
    if (this.faults.length < listedFaults) this.faults.push(fault);
  }

  take(given: AnnotationRow): void {
    const { task, problems } = this.request;
    const poolRow = this.#known.get(exactText(given.prompt));
    const problem = poolRow === undefined ? undefined : problems.pool[poolRow];
    const text = normalizeText(problem === undefined ? given.prompt : contentOf(task, problem));
    const row =
      this.#frame === undefined ? given : present(given, problem?.prompt ?? this.#frame(given.prompt));
    if (problem !== undefined && !this.#keeps(problem, row)) return;
    this.rows.push({ row, text, ...(poolRow === undefined ? {} : { poolRow }) });
  }

  /** Holds a row against the task's check; false where a policy leaves it out. */
  #keeps(problem: Problem, row: AnnotationRow): boolean {
    const { task, path, given } = this.request;
    this.checked += 1;
    if (!isContradicted(task, problem, row)) return true;
    this.contradicted += 1;
    const { contradictions } = given.policies;
    if (contradictions === 'error')
      this.fault({
        ...{ path, line: Number(row.id.split('-').at(-1)), field: 'the row' },
        reason: `is contradicted by the check of ${task.name}`,
        remedy: 'Correct the row, or say policies: { contradictions: "drop" } or "count".',
      });
    return contradictions !== 'drop';
  }
}

/** The task's own test and validation items, and those of tasks beside; `onMet` hears whose a row was like. */
function overlapsOf(
  { task, problems, templated, auxiliary = [] }: UserRowsRequest,
  onMet: (name: string) => void,
): NamedOverlap[] {
  const own = { name: '', task, problems: [...problems.test, ...problems.validation], templated };
  return [own, ...auxiliary].map((set) => {
    const overlap = overlapOf(set, { task, templated });
    return {
      name: set.name,
      overlap(one) {
        const found = overlap(one);
        if (found !== undefined) onMet(set.name);
        return found;
      },
    };
  });
}

/**
 * Reads the user's own rows for a task: strictly, kept apart from its test and validation items and those of tasks beside,
 * put as the task puts its own problems, and held against its check where they are problems of its pool.
 *
 * @throws BudgetlineError DATA_INVALID naming file, line and field of the first twenty unusable rows, INPUT_MISSING
 */
export async function readUserRows(request: UserRowsRequest): Promise<UserRows> {
  const { path, given } = request;
  const { duplicates, emptyCompletions, equalPairs, overlaps } = given.policies;
  const policies = { duplicates, emptyCompletions, equalPairs, overlaps };
  const taker = new Taker(request);
  const met = new Set<string>();
  const summary = await ingestFile(
    {
      ...{ path, kind: given.kind, map: given.map, policies },
      apartFrom: overlapsOf(request, (name) => met.add(name)),
      dialogues: given.prompts === 'task' ? 'bare' : 'whole',
    },
    { onRow: (row) => taker.take(row), onFault: (fault) => taker.fault(fault) },
  );
  if (taker.faultCount > 0 && request.onFault === undefined) refuse(path, taker.faults, taker.faultCount);
  const { rows, checked, contradicted } = taker;
  return { rows, summary, checked, contradicted, heldOut: [...met].filter((name) => name !== '') };
}
