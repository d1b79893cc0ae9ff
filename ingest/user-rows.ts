import { fieldInLine, placeOfName } from '../contracts/records';
import { BudgetlineError } from '../core/failures';
import type { UserRowsSource } from '../schemas/user-rows';
import type { Problem, ProblemSet, Task } from '../contracts/task';
import { exactText, normalizeText } from '../text/normalize';
import { type HeldOutSet, leakageTextOf, type NamedOverlap, overlapWithSet } from './held-out';
import { ingestFile, type IngestSummary } from './ingest';
import type { AnnotationRow, RowFault } from './types';

/** A usable user row and the task's problem that it is about. */
export interface UserRow {
  readonly row: AnnotationRow;
  /** Normalised prompt; for a problem of the pool its leakage text. */
  readonly text: string;
  /** Index in the pool, if the prompt is one of its problems. */
  readonly poolRow?: number;
}

/** Result of reading a file of user rows. */
export interface UserRows {
  readonly rows: readonly UserRow[];
  readonly summary: IngestSummary;
  /** Rows on problems of the pool, which the task's verifier can score. */
  readonly checked: number;
  /** Checked rows that the verifier disagrees with. */
  readonly verifierMismatches: number;
  /** Names of the auxiliary tasks with a test item that some row overlaps. */
  readonly heldOut: readonly string[];
}

export interface UserRowsRequest {
  readonly path: string;
  /** How the file is read. */
  readonly reading: Omit<UserRowsSource, 'digest'>;
  readonly task: Task;
  readonly problems: ProblemSet;
  /** The task's problems are generated from templates, which share long runs of words by design. */
  readonly templated: boolean;
  /** Test items of auxiliary tasks; no row may overlap one. */
  readonly auxiliary?: readonly HeldOutSet[];
  /** Receives each unusable row. Default: unusable rows are an error. */
  readonly onFault?: (fault: RowFault) => void;
}

/** The task's prompt template, as a function of a bare problem: the prompt of a pool problem around another text. */
function taskTemplate({ task, problems }: UserRowsRequest): (question: string) => string {
  const [sample] = problems.pool;
  const frame = sample?.prompt.split(leakageTextOf(task, sample));
  if (frame?.length === 2 && frame.some((part) => part !== '')) return (question) => frame.join(question);
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `annotations: applyTaskTemplate is true, but ${task.name} has no prompt template to put other problems into.`,
    { remedy: 'Write the prompts as the model should see them, and set applyTaskTemplate: false.' },
  );
}

/** Adds a space before an answer whose prompt ends in a word. */
const spaced = (prompt: string, answer: string): string =>
  /\S$/.test(prompt) && /^\S/.test(answer) ? ` ${answer}` : answer;

function withPrompt(row: AnnotationRow, prompt: string): AnnotationRow {
  const put = (answer: string): string => spaced(prompt, answer);
  if ('chosen' in row) return { ...row, prompt, chosen: put(row.chosen), rejected: put(row.rejected) };
  return { ...row, prompt, completion: put(row.completion) };
}

/** Whether the verifier disagrees with the row. A score between 0 and 1 agrees with either label. */
function isMismatch(task: Task, problem: Problem, row: AnnotationRow): boolean {
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
      remedy: `${faults[0]?.remedy ?? ''} "budgetline data preview ${path}" lists all of them.`,
      details: { path, count },
    },
  );
}

/** Matches rows to problems, renders their prompts and counts verifier mismatches. */
class RowCollector {
  readonly rows: UserRow[] = [];
  readonly faults: RowFault[] = [];
  faultCount = 0;
  checked = 0;
  verifierMismatches = 0;
  readonly #poolRows: Map<string, number>;
  readonly #template: ((question: string) => string) | undefined;

  constructor(private readonly request: UserRowsRequest) {
    const { task, problems, reading } = request;
    // Exact texts: a prompt that is merely similar to a problem of the pool is another problem.
    const textOf = (problem: Problem): string =>
      exactText(reading.applyTaskTemplate ? leakageTextOf(task, problem) : problem.prompt);
    this.#poolRows = new Map(problems.pool.map((problem, index) => [textOf(problem), index]));
    this.#template = reading.applyTaskTemplate ? taskTemplate(request) : undefined;
  }

  fault(fault: RowFault): void {
    this.request.onFault?.(fault);
    this.faultCount += 1;
    if (this.faults.length < listedFaults) this.faults.push(fault);
  }

  add(read: AnnotationRow): void {
    const { task, problems } = this.request;
    const poolRow = this.#poolRows.get(exactText(read.prompt));
    const problem = poolRow === undefined ? undefined : problems.pool[poolRow];
    const text = normalizeText(problem === undefined ? read.prompt : leakageTextOf(task, problem));
    const row =
      this.#template === undefined ? read : withPrompt(read, problem?.prompt ?? this.#template(read.prompt));
    if (problem !== undefined && !this.#verify(problem, row)) return;
    this.rows.push({ row, text, poolRow });
  }

  /** Scores a row with the task's verifier; false leaves the row out. */
  #verify(problem: Problem, row: AnnotationRow): boolean {
    const { task, path, reading } = this.request;
    this.checked += 1;
    if (!isMismatch(task, problem, row)) return true;
    this.verifierMismatches += 1;
    const { verifierMismatches } = reading.rowChecks;
    const { line, nth } = placeOfName(row.id.split('-').at(-1) ?? '');
    if (verifierMismatches === 'error')
      this.fault({
        path,
        line,
        field: fieldInLine('the row', nth),
        reason: `disagrees with the verifier of ${task.name}`,
        remedy: 'Correct the row, or set rowChecks: { verifierMismatches: "drop" } or "count".',
      });
    return verifierMismatches === 'count';
  }
}

/** Checks against the task's own test and validation items and those of auxiliary tasks; `onOverlap` gets the set's name. */
function overlapsOf(
  { task, problems, templated, auxiliary = [] }: UserRowsRequest,
  onOverlap: (name: string) => void,
): NamedOverlap[] {
  const own = { name: '', task, problems: [...problems.test, ...problems.validation], templated };
  return [own, ...auxiliary].map((set) => {
    const check = overlapWithSet(set, { task, templated });
    return {
      ...check,
      overlap(one) {
        const found = check.overlap(one);
        if (found !== undefined) onOverlap(set.name);
        return found;
      },
    };
  });
}

/** The summary without the rows that the verifier left out. */
function countMismatches(
  summary: IngestSummary,
  policy: UserRowsSource['rowChecks']['verifierMismatches'],
  count: number,
): IngestSummary {
  if (policy === 'count' || count === 0) return summary;
  const rows = summary.rows - count;
  if (policy === 'error') return { ...summary, rows, refused: summary.refused + count };
  return { ...summary, rows, dropped: { ...summary.dropped, 'verifier disagrees': count } };
}

/**
 * Reads user rows for a task: removes overlaps with test and validation items, puts prompts into the task's template and
 * scores rows on pool problems with its verifier.
 *
 * @throws BudgetlineError DATA_INVALID with file, line and field of the first twenty unusable rows, INPUT_MISSING
 */
export async function readUserRows(request: UserRowsRequest): Promise<UserRows> {
  const { path, reading } = request;
  const { duplicates, emptyCompletions, equalPairs, overlaps, ties } = reading.rowChecks;
  const collector = new RowCollector(request);
  const overlapping = new Set<string>();
  const summary = await ingestFile(
    {
      path,
      kind: reading.kind,
      columnMapping: reading.columnMapping,
      rowChecks: { duplicates, emptyCompletions, equalPairs, overlaps, ties },
      overlaps: overlapsOf(request, (name) => overlapping.add(name)),
      dialogues: reading.applyTaskTemplate ? 'question' : 'transcript',
    },
    { onRow: (row) => collector.add(row), onFault: (fault) => collector.fault(fault) },
  );
  const { rows, checked, verifierMismatches, faults, faultCount } = collector;
  if (faultCount > 0 && request.onFault === undefined) refuse(path, faults, faultCount);
  const heldOut = [...overlapping].filter((name) => name !== '');
  const counted = countMismatches(summary, reading.rowChecks.verifierMismatches, verifierMismatches);
  return { rows, summary: counted, checked, verifierMismatches, heldOut };
}
