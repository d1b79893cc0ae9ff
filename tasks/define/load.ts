import type { ProblemData } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import { recordName } from '../../contracts/records';
import type { ProblemSet, TaskContext } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { rowsOf } from '../record-rows';
import { createRandom, hashText } from '../../core/random';
import { readFiles } from './read-files';
import { separate } from './separate';
import type { TaskDefinition, TaskProblem } from './types';

type SyntheticData = Extract<ProblemData, { source: 'synthetic' }>;
type FileData = Extract<ProblemData, { source: 'files' }>;

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

function makeProblem<Item>(task: TaskDefinition<Item>, item: Item, id: string): TaskProblem<Item> {
  return { id, prompt: task.prompt(item), target: task.target(item), item };
}

function tooFew<Item>({ name }: TaskDefinition<Item>, use: Use, data: SyntheticData, found: number) {
  return new BudgetlineError(
    'DEFINITION_INVALID',
    `data.${use} is ${data[use]}; the generator of ${name} has only ${found} different problems for it.`,
    { remedy: `Lower data.${use}.`, details: { field: `data.${use}` } },
  );
}

function generateSplit<Item>(task: TaskDefinition<Item>, data: SyntheticData, use: Use): TaskProblem<Item>[] {
  const random = createRandom(task.name, data.seed, use);
  const seen = new Set<string>();
  const problems: TaskProblem<Item>[] = [];
  for (let misses = 0; problems.length < data[use]; misses += 1) {
    if (misses > maxMisses) throw tooFew(task, use, data, problems.length);
    const item = task.synthesize?.(random);
    if (item === undefined) throw new TypeError(`${task.name} has no generator`);
    const keys = [dedupKeyOf(task, item), ...(task.pattern === undefined ? [] : [task.pattern(item)])];
    if (!keys.every((key) => isOfUse(use, key) && !seen.has(key))) continue;
    for (const key of keys) seen.add(key);
    misses = 0;
    problems.push(makeProblem(task, item, `${use}-${String(problems.length).padStart(5, '0')}`));
  }
  return problems;
}

/** Generates problems, a pure function of `data`. A larger pool begins with the smaller one. */
export function generateProblems<Item>(
  task: TaskDefinition<Item>,
  data: SyntheticData,
): ProblemSet<TaskProblem<Item>> {
  return {
    pool: generateSplit(task, data, 'pool'),
    validation: generateSplit(task, data, 'validation'),
    test: generateSplit(task, data, 'test'),
    excluded: {},
  };
}

/** Reads train and test rows, validated by the task's schema and made disjoint. */
export async function readProblems<Item>(
  task: TaskDefinition<Item>,
  { data, context }: { data: FileData; context: TaskContext },
): Promise<ProblemSet<TaskProblem<Item>>> {
  const remedy = `Correct or remove these lines: they do not fit the schema of ${task.name}.`;
  const rows = await readFiles({ data, context, remedy }, (file, faults, name) =>
    rowsOf(file, (fields) => task.readRow(fields), faults).map(({ row, ...place }) => ({
      ...makeProblem(task, row, `${name}-${recordName(place, 5)}`),
      place: `${file.path}:${place.line}`,
    })),
  );
  const compared = ({ item }: TaskProblem<Item>) => ({
    text: task.leakageText?.(item) ?? task.prompt(item),
    dedupKey: task.dedupKey?.(item),
  });
  return separate(rows, { validation: data.validation, compared });
}
