import { type CodeOrigin, definedAt, stackOfCaller } from '../../contracts/code';
import type { ProblemData } from '../../schemas/definition';
import { BudgetlineError } from '../../contracts/failures';
import { fieldText, issueText } from '../../contracts/row-issues';
import type { Annotator, Task } from '../../contracts/task';
import { repetitionRate } from '../../text/overlap';
import { generateProblems, readProblems, skeletonOf } from './load';
import { fileNamesOf } from './read-files';
import type { ItemAnnotator, ReadRow, TaskDefinition, TaskInput, TaskProblem } from './types';

/** Reads a row with its reference answer's score. Where a judge compares, there is no check to hold it against. */
function scoredRow<Item>(
  { comparison, target, gold = target, evaluate }: TaskInput<Item>,
  item: Item,
): ReadRow<Item> {
  const answer = comparison === undefined ? gold(item) : undefined;
  return answer === undefined ? { item } : { item, score: evaluate(item, answer, 'stop').score };
}

function rowReader<Item>(input: TaskInput<Item>): TaskDefinition<Item>['readRow'] {
  return (fields) => {
    const parsed = input.schema?.safeParse(fields);
    if (parsed === undefined) throw sourceRefused(input.name, 'files');
    if (parsed.success) {
      const row = scoredRow(input, parsed.data);
      // What the check finds wrong would be learnt from. A graded check may score even the best answer below 1.
      if (row.score === undefined || row.score > 0) return { row };
      return {
        reasons: [{ field: 'the reference answer', reason: `is not right by the check of ${input.name}` }],
      };
    }
    const { issues } = parsed.error;
    return {
      reasons: issues.map((issue) => ({ field: fieldText(issue.path), reason: issueText(issue, fields) })),
    };
  };
}

function sourceRefused(name: string, source: ProblemData['source']): BudgetlineError {
  const reason = source === 'synthetic' ? 'has no generator' : 'reads no files';
  return new BudgetlineError('DEFINITION_INVALID', `data.source: "${source}", but task ${name} ${reason}.`, {
    remedy: `Use data: { source: "${source === 'synthetic' ? 'files' : 'synthetic'}" }.`,
    details: { field: 'data.source' },
  });
}

function assertSource<Item>({ name, synthesize, schema }: TaskInput<Item>, { source }: ProblemData): void {
  if ((source === 'synthetic' ? synthesize : schema) === undefined) throw sourceRefused(name, source);
}

function goldOf<Item>({ name, prompt, target, gold = target }: TaskInput<Item>): (item: Item) => string {
  return (item) => {
    const answer = gold(item);
    if (answer !== undefined) return answer;
    const row = `The row of ${name} with the prompt ${JSON.stringify(prompt(item).slice(0, 80))}`;
    throw new BudgetlineError('DATA_INVALID', `${row} has no response to learn from.`, {
      remedy: 'Give the rows of data.train a reference answer, or take another annotator than "clean".',
    });
  };
}

type Kept = Pick<CodeOrigin, 'version'>;
const keptVersion = (version: number | string | undefined): Kept =>
  version === undefined ? {} : { version: String(version) };

/** Programs that come with the package have a version where what they write has changed. */
function annotatorOf<Item>(
  { version, ...annotator }: ItemAnnotator<Item>,
  stack: string,
): Annotator<TaskProblem<Item>> {
  return {
    ...annotator,
    ...(version === undefined ? {} : { identify: () => Promise.resolve({ kind: 'program', version }) }),
    code: { stack, call, only: ['annotators'], ...keptVersion(version) },
    demonstrate: ({ item }, random) => annotator.demonstrate(item, random),
  };
}

const call = 'defineTask';

/** Fields that judge answers; all others but annotators make problems and put them. */
const grading = ['evaluate', 'comparison', 'summarize', 'metric'];

function codeOf(stack: string, version: TaskInput<unknown>['version']): NonNullable<Task['code']> {
  const kept = keptVersion(version);
  return {
    problems: { stack, call, except: [...grading, 'annotators', 'name', 'version'], ...kept },
    grading: { stack, call, only: grading, ...kept },
  };
}

/**
 * A task from a few functions: how an item is drawn or read, how it is put to the model, and how an answer is judged.
 * Register it with the workers: `createWorker({ tasks: [task] })`.
 *
 * Problems are kept apart by use: generated ones by skeleton and pattern, rows of files by normalised text, thirteen words in
 * a row and skeleton; what is left out is counted.
 */
export function defineTask<Item>(input: TaskInput<Item>): Task<TaskProblem<Item>> {
  const stack = stackOfCaller();
  const task: TaskDefinition<Item> = { ...input, readRow: rowReader(input) };
  const { comparison } = input;
  const gold = goldOf(input);
  const clean: ItemAnnotator<Item> = {
    name: 'clean',
    description: 'Gives the reference answer every time.',
    demonstrate: gold,
  };
  const made: Task<TaskProblem<Item>> = {
    name: input.name,
    metric: input.metric,
    fileNames: fileNamesOf,
    async load(data, context) {
      assertSource(input, data);
      return data.source === 'files' ? readProblems(task, { data, context }) : generateProblems(task, data);
    },
    // "clean" gives what the problems have.
    annotators: [clean, ...(input.annotators ?? [])].map((each) =>
      each === clean ? { ...annotatorOf(each, stack), code: undefined } : annotatorOf(each, stack),
    ),
    gold: ({ item }) => gold(item),
    leakageText: ({ item }) => input.leakageText?.(item) ?? input.prompt(item),
    dedupKey: ({ item }) => skeletonOf(task, item),
    score({ item }, completion, finish) {
      const { score, wellFormed = true, scores = {} } = input.evaluate(item, completion, finish);
      const truncated = finish === 'length';
      return { score, wellFormed, truncated, repetition: repetitionRate(completion), scores };
    },
    ...(comparison === undefined
      ? {}
      : { comparison: ({ item }, completion) => comparison(item, completion) }),
    ...(input.summarize === undefined ? {} : { summarize: input.summarize }),
  };
  return definedAt(made, codeOf(stack, input.version));
}
