import type { AnnotationRow } from '../../ingest';
import type { Problem } from '../../contracts/task';
import { ownName } from '../../stages';
import type { UserRowsUse } from '../../schemas/user-rows';
import type { AnyDefinition, LoadedProblems, LoadedSet } from '../problems';
import type { TriedSets } from '../trial';
import type { LengthCheck, Measured } from './measure';

/** Rows of one of the user's files. */
export interface FileRows {
  readonly use: UserRowsUse;
  readonly path: string;
  readonly rows: readonly AnnotationRow[];
}

/** The stage that learns from the rows of a use. */
const stageOf = { demonstrations: 'sft', preferences: 'preference' } as const;

const effects = {
  error: 'training stops at them',
  drop: 'training drops them',
  truncate: 'training cuts them',
};

function trainingLimit(definition: AnyDefinition, use: UserRowsUse): Omit<LengthCheck, 'what' | 'measured'> {
  const stage = stageOf[use];
  const { maxLength: limit, onOverlength } = definition[stage];
  const effect = `${effects[onOverlength]} (${stage}.onOverlength "${onOverlength}")`;
  return { field: `${stage}.maxLength`, limit, effect };
}

/** A prompt with the longest of its answers, as training joins them. */
const trained = (place: string, prompt: string, answers: readonly string[]): Measured => ({
  place,
  texts: [prompt, ...answers],
  tokens: (counter) => counter.prompt(prompt) + Math.max(...answers.map((answer) => counter.answer(answer))),
});

const prompted = (place: string, prompt: string): Measured => ({
  place,
  texts: [prompt],
  tokens: (counter) => counter.prompt(prompt),
});

/** An answer without its end-of-sequence token. */
const answered = (place: string, answer: string): Measured => ({
  place,
  texts: [answer],
  tokens: (counter) => counter.answer(answer) - 1,
});

const placeOf = ({ place, id }: Problem): string => place ?? id;

/** Rows of a file, each with its line. */
export function checkRows(definition: AnyDefinition, { use, path, rows }: FileRows): LengthCheck {
  const measured = rows.map(({ id, prompt, ...row }) => {
    const answers = 'chosen' in row ? [row.chosen, row.rejected] : [row.completion];
    return trained(`${path}:${id.split('-').at(-1) ?? ''}`, prompt, answers);
  });
  return { ...trainingLimit(definition, use), what: 'rows', measured };
}

/** Reference answers of a set that the trial asked for, by problem. */
function referencesOf(tried: TriedSets[number] | undefined): Map<Problem, string> {
  const { answers } = tried?.find(({ annotator }) => annotator === null) ?? { answers: [] };
  return new Map(answers.map(({ problem, text }) => [problem, text]));
}

type References = ReadonlyMap<Problem, string>;

/** Pool problems of files, as demonstrations with their reference answers. */
function checkPool(
  definition: AnyDefinition,
  { problems: { pool } }: LoadedProblems,
  references: References,
): LengthCheck[] {
  if (definition.data.source !== 'files' || definition.annotations?.demonstrations !== undefined) return [];
  const measured = pool.flatMap((problem) => {
    const answer = references.get(problem);
    return answer === undefined ? [] : [trained(placeOf(problem), problem.prompt, [answer])];
  });
  const what = 'problems of the pool with their reference answers';
  return [{ ...trainingLimit(definition, 'demonstrations'), what, measured }];
}

/** Reference answers that a model cannot write within its limit. */
function checkReferences(
  { set: { name, field, maxNewTokens } }: LoadedSet,
  references: References,
): LengthCheck {
  return {
    what: name === ownName ? 'reference answers' : `reference answers of ${name}`,
    field: `${field}.maxNewTokens`,
    limit: maxNewTokens,
    effect: 'a model cannot reproduce them',
    measured: [...references].map(([problem, answer]) => answered(placeOf(problem), answer)),
  };
}

/** Reference answers of the pool that a sample of a pair cannot be. */
function checkSamples(
  { pairs: { maxNewTokens: limit }, annotations, evaluation }: AnyDefinition,
  references: References,
): LengthCheck[] {
  if (annotations?.preferences !== undefined || limit === evaluation.maxNewTokens) return [];
  const measured = [...references].map(([problem, answer]) => answered(placeOf(problem), answer));
  const effect = 'a sample cannot reproduce them';
  return [{ what: 'reference answers', field: 'pairs.maxNewTokens', limit, effect, measured }];
}

interface Prompts {
  readonly what: string;
  /** The field of the longest answer, and its value. */
  readonly field: string;
  readonly maxNewTokens: number;
  readonly problems: readonly Problem[];
  /** What cuts them. */
  readonly by: string;
}

/** Prompts that leave no room for an answer in the model's context. */
function checkPrompts(
  { what, field, maxNewTokens, problems, by }: Prompts,
  positions: number | undefined,
): LengthCheck[] {
  if (positions === undefined || positions <= maxNewTokens) return [];
  return [
    {
      what,
      field: `the model's ${positions} positions less ${field}`,
      limit: positions - maxNewTokens,
      effect: `${by} cuts them on the left`,
      measured: problems.map((problem) => prompted(placeOf(problem), problem.prompt)),
    },
  ];
}

const evaluatedPrompts = ({
  set: { name, field, maxNewTokens, split, items },
  problems,
}: LoadedSet): Prompts => ({
  what: name === ownName ? `${split} prompts` : `prompts of ${name}`,
  field: `${field}.maxNewTokens`,
  maxNewTokens,
  problems: problems[split].slice(0, items),
  by: 'evaluation',
});

/** Prompts of the pool that pairs are sampled for. */
function sampledPrompts(
  { annotations, pairs: { maxNewTokens } }: AnyDefinition,
  { problems: { pool } }: LoadedProblems,
): Prompts[] {
  if (annotations?.preferences !== undefined) return [];
  const field = 'pairs.maxNewTokens';
  return [{ what: 'prompts of the pool', field, maxNewTokens, problems: pool, by: 'sampling' }];
}

export interface CheckedSources {
  readonly loaded: LoadedProblems;
  /** The question sets with the definition's own settings, as {@link LoadedProblems} has their problems. */
  readonly sets: readonly LoadedSet[];
  readonly tried: TriedSets;
  readonly files: readonly FileRows[];
  /** Longest sequence of the model. */
  readonly positions: number | undefined;
}

/** All texts of a definition that have a limit. */
export function lengthChecks(definition: AnyDefinition, sources: CheckedSources): LengthCheck[] {
  const { loaded, sets, tried, files, positions } = sources;
  const references = sets.map((_, at) => referencesOf(tried[at]));
  const [own = new Map<Problem, string>()] = references;
  return [
    ...files.map((file) => checkRows(definition, file)),
    ...checkPool(definition, loaded, own),
    ...sets.map((set, at) => checkReferences(set, references[at] ?? own)),
    ...checkSamples(definition, own),
    ...[...sampledPrompts(definition, loaded), ...sets.map(evaluatedPrompts)].flatMap((prompts) =>
      checkPrompts(prompts, positions),
    ),
  ];
}
