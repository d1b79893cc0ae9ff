import { type CodeOrigin, definedAt, stackOfCaller, withOrigin } from '../../core/code';
import type { ProblemData } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import { fieldText, issueText } from '../../contracts/row-issues';
import { wrongAssessment } from '../../contracts/scores';
import type { Annotator, Assessment, Task } from '../../contracts/task';
import { repetitionRate } from '../../text/overlap';
import { generateProblems, readProblems, dedupKeyOf } from './load';
import { fileNamesOf } from './read-files';
import type { ItemAnnotator, TaskDefinition, TaskInput, TaskProblem } from './types';

function rowReader<Item>(input: TaskInput<Item>): TaskDefinition<Item>['readRow'] {
  return (fields) => {
    const parsed = input.schema?.safeParse(fields);
    if (parsed === undefined) throw sourceRefused(input.name, 'files');
    if (parsed.success) return { row: parsed.data };
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
    throw new BudgetlineError('DATA_INVALID', `${row} has no reference answer.`, {
      remedy: 'Give the rows of data.train a reference answer, or use another annotator than "clean".',
    });
  };
}

const versionOf = (version: number | string | undefined): Pick<CodeOrigin, 'version'> =>
  version === undefined ? {} : { version: String(version) };

function annotatorOf<Item>(
  { version, ...annotator }: ItemAnnotator<Item>,
  stack: string,
): Annotator<TaskProblem<Item>> {
  return {
    ...annotator,
    identify: version === undefined ? undefined : () => Promise.resolve({ kind: 'program', version }),
    code: { stack, call, only: ['annotators'], ...versionOf(version) },
    demonstrate: ({ item }, random) => annotator.demonstrate(item, random),
  };
}

const call = 'defineTask';

/** Fields that decide scores. All others except annotators decide problems and prompts. */
const grading = ['score', 'comparison', 'summarize', 'metric'];
const annotating = ['annotators', 'preferenceAnnotators'];

function codeOf(stack: string, version: TaskInput<unknown>['version']): NonNullable<Task['code']> {
  const fixed = versionOf(version);
  return {
    problems: { stack, call, except: [...grading, ...annotating, 'name', 'version'], ...fixed },
    grading: { stack, call, only: grading, ...fixed },
  };
}

/**
 * Defines a task from a few functions: how items are generated or read, their prompts, and the score of an answer.
 * Pass it to a program's `runSweep(definition, { tasks: [task] })`, export it from the definition file as `tasks`, or
 * register it with your own workers: `createWorker({ tasks: [task] })`.
 *
 * Pool, validation and test problems are disjoint: generated ones by dedup key and pattern, rows of files by normalised
 * text, 13-grams and dedup key. Excluded rows are counted.
 */
export function defineTask<Item>(input: TaskInput<Item>): Task<TaskProblem<Item>> {
  const stack = stackOfCaller();
  const task: TaskDefinition<Item> = { ...input, readRow: rowReader(input) };
  const { comparison } = input;
  const gold = goldOf(input);
  const clean: ItemAnnotator<Item> = {
    name: 'clean',
    description: 'Writes the reference answer every time.',
    demonstrate: gold,
  };
  const made: Task<TaskProblem<Item>> = {
    name: input.name,
    metric: input.metric,
    fileNames: fileNamesOf,
    async load(data, context) {
      assertSource(input, data);
      return data.source === 'files'
        ? readProblems(task, { data, context })
        : generateProblems(task, { data, context });
    },
    // "clean" has no code of its own: the problems' code covers it.
    preferenceAnnotators: input.preferenceAnnotators?.map((each) =>
      withOrigin(each, { stack, call, only: ['preferenceAnnotators'] }),
    ),
    annotators: [clean, ...(input.annotators ?? [])].map((each) =>
      each === clean ? { ...annotatorOf(each, stack), code: undefined } : annotatorOf(each, stack),
    ),
    gold: ({ item }) => gold(item),
    leakageText: ({ item }) => input.leakageText?.(item) ?? input.prompt(item),
    dedupKey: ({ item }) => dedupKeyOf(task, item),
    score({ item }, completion, finish) {
      const result = input.score(item, completion, finish);
      // Reported with its item by who asked.
      if (wrongAssessment(result) !== undefined) return result as Assessment;
      const { score, wellFormed = true, scores = {} } = result;
      const truncated = finish === 'length';
      return { score, wellFormed, truncated, repetition: repetitionRate(completion), scores };
    },
    comparison: comparison && (({ item }, completion) => comparison(item, completion)),
    summarize: input.summarize,
  };
  return definedAt(made, codeOf(stack, input.version));
}
