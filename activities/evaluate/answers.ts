import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { artifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../core/failures';
import { generationRow, type GenerationRow } from '../../schemas/rows';
import type { PlannedStage } from '../../contracts/stage';
import { type SpecOf, ownName, type QuestionSet, questionSets } from '../../stages';
import type { Problem, Task } from '../../contracts/task';
import { ensureDir, writeFileAtomic } from '../../host/durable-files';
import { guardFiles } from '../../host/fs-errors';
import type { StageEnvironment } from '../deps';
import { readJsonLines, writeJsonLines } from '../json-lines';
import { generateAnswers, policyOf } from '../policy';
import type { StageSession } from '../session';
import type { LoadedTask } from '../task-data';
import { fewShotText } from './few-shot';
import type { RecordedDecoding } from './summary';

type Evaluation = SpecOf<'evaluate'>;

/** A question set of an evaluation, with its problems loaded. */
interface Questions {
  readonly set: QuestionSet;
  readonly task: Task;
  readonly problems: readonly Problem[];
  /** Demonstrations before each question. */
  readonly fewShot: number;
  /** Folder of the job; empty for the main task. */
  readonly part: string;
}

/** Questions with their answers, and how these were generated. */
export interface Answered extends Pick<Questions, 'set' | 'task' | 'problems'> {
  readonly rows: readonly GenerationRow[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly decoding: RecordedDecoding;
}

/** The answers of a stage, in the order of its question sets. */
const answersFile = z.strictObject({
  inputDigests: artifactManifest.shape.inputDigests,
  /** Keys of the store's generations. */
  parts: z.array(z.string()),
});
type AnswersFile = z.infer<typeof answersFile>;

/** The first items of a set: a smaller evaluation is a part of a larger one. */
function firstItems({ task, problems }: LoadedTask, set: QuestionSet): readonly Problem[] {
  const { items, field, split } = set;
  const found = problems[split];
  if (items <= found.length) return found.slice(0, items);
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `${field}.items is ${items}; the ${split} set of ${task.name} has ${found.length} items.`,
    { details: { field: `${field}.items` } },
  );
}

/** Few-shot demonstrations are from the main task and only used there. */
async function loadQuestions(session: StageSession, set: QuestionSet, fewShot: number): Promise<Questions> {
  const loaded = await session.environment.problems.load(session.stage.files, set);
  const { task } = loaded;
  const isOwn = set.name === ownName;
  const part = isOwn ? '' : `auxiliary-${set.name}`;
  return { set, task, problems: firstItems(loaded, set), fewShot: isOwn ? fewShot : 0, part };
}

function questionsOf(session: StageSession, spec: Evaluation): Promise<Questions[]> {
  const { fewShot = 0 } = spec;
  return Promise.all(questionSets(spec).map((set) => loadQuestions(session, set, fewShot)));
}

const decoding = { mode: 'greedy' } as const;

async function generate(
  session: StageSession,
  { set: { maxNewTokens }, problems, fewShot, part }: Questions,
): Promise<string> {
  const reference = await session.inputs.open('reference');
  const policy = policyOf(reference, await session.inputs.openOptional('adapter'));
  const prompts = join(await ensureDir(join(session.runDir, part)), 'prompts.jsonl');
  const before = fewShot === 0 ? '' : await fewShotText(session, problems);
  await writeJsonLines(
    prompts,
    problems.map(({ id, prompt }) => ({ id, prompt: before + prompt })),
  );
  const options = { policy, prompts, samples: 1, decoding, maxNewTokens, seed: 0, part };
  return (await generateAnswers(session, options)).key;
}

const pathIn = (runDir: string): string => join(runDir, 'answers.json');

/** Whether an evaluation has answers that are still to be judged. */
export function areAnswered({ scratch }: StageEnvironment, { key }: PlannedStage): boolean {
  return existsSync(pathIn(scratch(key)));
}

/**
 * Generates greedy answers of the input `reference`, with the input `adapter` and the few-shot
 * demonstrations of the input `data` if there are any. If the answers exist already, no trainer starts.
 */
export async function answerItems(session: StageSession, spec: Evaluation): Promise<void> {
  if (areAnswered(session.environment, session.stage)) return;
  const parts: string[] = [];
  for (const questions of await questionsOf(session, spec)) parts.push(await generate(session, questions));
  const file: AnswersFile = { inputDigests: { ...session.inputs.digests }, parts };
  await writeFileAtomic(pathIn(session.runDir), JSON.stringify(file));
}

async function readAnswersFile({ runDir, stage, environment }: StageSession): Promise<AnswersFile> {
  const path = pathIn(runDir);
  if (areAnswered(environment, stage))
    return answersFile.parse(JSON.parse(await guardFiles(path, () => readFile(path, 'utf8'))));
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${stage.title}: the answers to be judged are not in ${runDir}.`,
    {
      remedy: 'Let workers of both queues share one BUDGETLINE_HOME, and start the run again.',
      details: { path },
    },
  );
}

async function readAnswers(
  session: StageSession,
  { set, task, problems, fewShot }: Questions,
  key: string,
): Promise<Answered> {
  const { store } = session.environment;
  const stored = await store.findGenerations(key);
  if (stored === undefined)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${session.stage.title}: the generated answers ${key} have changed in ${store.name}.`,
      {
        remedy: `Remove ${session.runDir} and start the run again: the answers are then generated again.`,
        details: { key },
      },
    );
  const { path, metrics, maxPromptTokens, made } = stored;
  session.usage.made = made;
  const rows = await readJsonLines(path, generationRow);
  const { maxNewTokens } = set;
  const recorded = { ...decoding, maxNewTokens, maxPromptTokens, fewShot };
  return { set, task, problems, rows, metrics, decoding: recorded };
}

/**
 * Reads what {@link answerItems} generated, in this attempt or an earlier one: the main task first, then
 * the auxiliary tasks.
 *
 * @throws BudgetlineError INPUT_MISSING, DATA_INVALID
 */
export async function takeAnswers(
  session: StageSession,
  spec: Evaluation,
): Promise<readonly [Answered, ...Answered[]]> {
  const { inputDigests, parts } = await readAnswersFile(session);
  session.inputs.recall(inputDigests);
  const questions = await questionsOf(session, spec);
  const all = await Promise.all(questions.map((each, at) => readAnswers(session, each, parts[at]!)));
  return all as [Answered, ...Answered[]];
}
