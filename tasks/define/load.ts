import type { ProblemData } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import { type RecordPlace, recordName } from '../../contracts/records';
import type { CallFunction, ProblemSet, TaskContext } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { rowsOf } from '../record-rows';
import { createRandom, hashText } from '../../core/random';
import { readTaskFiles, rowsOfFiles } from './read-files';
import { separate } from './separate';
import type { TaskDefinition, TaskProblem } from './types';

type SyntheticData = Extract<ProblemData, { source: 'synthetic' }>;
type FileData = Extract<ProblemData, { source: 'files' }>;

/** Where a context has no way to run: calls are not watched. */
const callDirectly: CallFunction = (_name, _item, call) => call();

const runIn = <T>(context: TaskContext, make: (call: CallFunction) => T): T =>
  context.run === undefined ? make(callDirectly) : context.run(make);

/** Each use has its own hash buckets, so uses are disjoint for all seeds and sizes. */
const buckets = { test: [0, 3], validation: [3, 5], pool: [5, 16] } as const;
type Use = keyof typeof buckets;

function isOfUse(use: Use, text: string): boolean {
  const bucket = hashText(text) % 16;
  return bucket >= buckets[use][0] && bucket < buckets[use][1];
}

/** Consecutive generated items without a new problem before the generator counts as exhausted. */
const maxMisses = 20_000;

export function dedupKeyOf<Item>(task: TaskDefinition<Item>, item: Item): string {
  return task.dedupKey?.(item) ?? normalizeText(task.prompt(item));
}

/** Makes the problem of an item, which may be known by its place too. */
function makeProblem<Item>(
  task: TaskDefinition<Item>,
  { item, ...named }: Pick<TaskProblem<Item>, 'id' | 'place' | 'item'>,
  call: CallFunction,
): TaskProblem<Item> {
  const prompt = call('prompt', named, () => task.prompt(item));
  const target = call('target', named, () => task.target(item));
  return { ...named, prompt, target, item };
}

function tooFew<Item>({ name }: TaskDefinition<Item>, use: Use, data: SyntheticData, found: number) {
  return new BudgetlineError(
    'DEFINITION_INVALID',
    `data.${use} is ${data[use]}; the generator of ${name} has only ${found} different problems for it.`,
    { remedy: `Lower data.${use}.`, details: { field: `data.${use}` } },
  );
}

/** What makes two generated items one: none of these may occur twice, or in two uses. */
function keysOf<Item>(
  task: TaskDefinition<Item>,
  { item, ...named }: Pick<TaskProblem<Item>, 'id' | 'item'>,
  call: CallFunction,
): string[] {
  const dedupKey = call(task.dedupKey === undefined ? 'prompt' : 'dedupKey', named, () =>
    dedupKeyOf(task, item),
  );
  const { pattern } = task;
  return pattern === undefined ? [dedupKey] : [dedupKey, call('pattern', named, () => pattern(item))];
}

function generateSplit<Item>(
  task: TaskDefinition<Item>,
  { data, use }: { data: SyntheticData; use: Use },
  call: CallFunction,
): TaskProblem<Item>[] {
  const random = createRandom(task.name, data.seed, use);
  const seen = new Set<string>();
  const problems: TaskProblem<Item>[] = [];
  for (let misses = 0; problems.length < data[use]; misses += 1) {
    if (misses > maxMisses) throw tooFew(task, use, data, problems.length);
    const id = `${use}-${String(problems.length).padStart(5, '0')}`;
    const item = call('synthesize', { id }, () => task.synthesize?.(random));
    if (item === undefined) throw new TypeError(`${task.name} has no generator`);
    const keys = keysOf(task, { id, item }, call);
    if (!keys.every((key) => isOfUse(use, key) && !seen.has(key))) continue;
    for (const key of keys) seen.add(key);
    misses = 0;
    problems.push(makeProblem(task, { id, item }, call));
  }
  return problems;
}

/** Generates problems, a pure function of `data`. A larger pool begins with the smaller one. */
export function generateProblems<Item>(
  task: TaskDefinition<Item>,
  { data, context }: { data: SyntheticData; context: TaskContext },
): ProblemSet<TaskProblem<Item>> {
  return runIn(context, (call) => ({
    pool: generateSplit(task, { data, use: 'pool' }, call),
    validation: generateSplit(task, { data, use: 'validation' }, call),
    test: generateSplit(task, { data, use: 'test' }, call),
    excluded: {},
  }));
}

/** Reads train and test rows, validated by the task's schema and made disjoint. */
export async function readProblems<Item>(
  task: TaskDefinition<Item>,
  { data, context }: { data: FileData; context: TaskContext },
): Promise<ProblemSet<TaskProblem<Item>>> {
  const remedy = `Correct or remove these lines: they do not fit the schema of ${task.name}.`;
  const files = await readTaskFiles(data, context);
  return runIn(context, (call) => {
    const rows = rowsOfFiles({ files, remedy }, (file, faults, name) => {
      const named = (place: RecordPlace) => ({
        id: `${name}-${recordName(place, 5)}`,
        place: `${file.path}:${place.line}`,
      });
      return rowsOf(
        file,
        (fields, place) => call('schema', named(place), () => task.readRow(fields)),
        faults,
      ).map(({ row, ...place }) => makeProblem(task, { ...named(place), item: row }, call));
    });
    const compared = (problem: TaskProblem<Item>) => ({
      text: call('leakageText', problem, () => task.leakageText?.(problem.item)) ?? problem.prompt,
      dedupKey: call('dedupKey', problem, () => task.dedupKey?.(problem.item)),
    });
    return separate(rows, { validation: data.validation, compared });
  });
}
