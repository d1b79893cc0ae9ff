import { join } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { generationRow, type GenerationRow, type ItemResult } from '../contracts/rows';
import type { SpecOf } from '../contracts/stage';
import type { Problem, Task } from '../contracts/task';
import type { Annotated } from './annotation';
import { summarize, type RecordedDecoding } from './evaluation-summary';
import { fewShotText } from './few-shot';
import { readJsonLines, writeJsonLines } from './json-lines';
import { judgeItems } from './judging';
import { generateAnswers, policyOf } from './policy';
import type { StageOutput, StageSession } from './session';
import type { LoadedTask } from './task-data';
import { ensureDir, writeFileAtomic } from '../store';

/** The front of the test set: a smaller evaluation is a part of a larger one. */
function testItems({ task, problems }: LoadedTask, items: number): readonly Problem[] {
  if (items <= problems.test.length) return problems.test.slice(0, items);
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `evaluation.items is ${items}; the test set of ${task.name} has ${problems.test.length} items.`,
    { details: { field: 'evaluation.items' } },
  );
}

function judge(task: Task, problem: Problem, row: GenerationRow): ItemResult {
  const { completion, tokens, finish } = row;
  const { id, prompt, expected } = problem;
  return { id, prompt, completion, ...task.assess(problem, completion, finish), tokens, finish, expected };
}

interface Answers {
  readonly rows: readonly GenerationRow[];
  readonly figures: Readonly<Record<string, number>>;
  readonly decoding: RecordedDecoding;
}

interface Asking {
  readonly problems: readonly Problem[];
  readonly maxNewTokens: number;
  /** Demonstrations before every question. */
  readonly fewShot: number;
  /** Folder of the job, where a stage has several. */
  readonly part?: string;
}

async function answer(
  session: StageSession,
  { problems, maxNewTokens, fewShot, part = '' }: Asking,
): Promise<Answers> {
  const reference = await session.inputs.open('reference');
  const policy = policyOf(reference, await session.inputs.openOptional('adapter'));
  const prompts = join(await ensureDir(join(session.runDir, part)), 'prompts.jsonl');
  const before = fewShot === 0 ? '' : await fewShotText(session, problems);
  await writeJsonLines(
    prompts,
    problems.map(({ id, prompt }) => ({ id, prompt: before + prompt })),
  );
  const options = {
    policy,
    prompts,
    samples: 1,
    decoding: { mode: 'greedy' } as const,
    maxNewTokens,
    seed: 0,
    part,
  };
  const { path, figures, maxPromptTokens } = await generateAnswers(session, options);
  const decoding = { ...options.decoding, maxNewTokens, maxPromptTokens, fewShot };
  return { rows: await readJsonLines(path, generationRow), figures, decoding };
}

/** Every problem's answer, checked by the task. */
function checkAll(task: Task, problems: readonly Problem[], rows: readonly GenerationRow[]): ItemResult[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return problems.map((problem) => {
    const row = byId.get(problem.id);
    if (row !== undefined) return judge(task, problem, row);
    throw new BudgetlineError(
      'TRAINER_PROTOCOL',
      `The training executable left no answer for ${problem.id}.`,
    );
  });
}

/** Where the definition names a judge, its verdicts stand in the place of the task's own program's. */
async function judgeByName(
  session: StageSession,
  items: ItemResult[],
  { spec, problems }: { spec: SpecOf<'evaluate'>; problems: readonly Problem[] },
): Promise<Annotated<ItemResult[]>> {
  const { judge: name } = spec.evaluation;
  if (name === undefined) return { result: items, metrics: {} };
  return judgeItems(session, items, { judge: name, judgeDigest: spec.judgeDigest, problems });
}

async function writeResults(dir: string, items: readonly ItemResult[], summary: object): Promise<void> {
  await writeJsonLines(join(dir, 'items.jsonl'), items);
  await writeFileAtomic(join(dir, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
}

type Beside = NonNullable<SpecOf<'evaluate'>['evaluation']['beside']>[number];

/** One unrelated task, without few-shot demonstrations, which are of the task that is tuned for. */
async function evaluateOther(session: StageSession, spec: SpecOf<'evaluate'>, other: Beside) {
  const { task: name, items: count, maxNewTokens, seed } = other;
  const data = { source: 'twin', seed, pool: 1, validation: 1, test: count } as const;
  const source = { ...spec, task: name, data, fileDigests: {} };
  const { task, problems } = await session.environment.problems.load({ files: {} }, source);
  const asking = { problems: problems.test, maxNewTokens, fewShot: 0, part: `beside-${name}` };
  const { rows, decoding } = await answer(session, asking);
  const items = checkAll(task, problems.test, rows);
  return { items, summary: { metric: task.metric, judge: null, decoding, ...summarize(task, items) } };
}

/** Unrelated tasks beside the one that is tuned for; their scores by name. */
async function evaluateBeside(
  session: StageSession,
  spec: SpecOf<'evaluate'>,
  dir: string,
): Promise<Record<string, number>> {
  const scores: Record<string, number> = {};
  for (const other of spec.evaluation.beside ?? []) {
    const { items, summary } = await evaluateOther(session, spec, other);
    await writeResults(await ensureDir(join(dir, 'beside', other.task)), items, summary);
    scores[`${other.task}: score`] = summary.score;
  }
  return scores;
}

/**
 * Greedy answers of the input `reference`, under the input `adapter` if there is one and after the demonstrations of the
 * input `data` if there are any, checked by the task.
 */
export async function evaluate(session: StageSession, spec: SpecOf<'evaluate'>): Promise<StageOutput> {
  const { evaluation } = spec;
  const loaded = await session.loadTask();
  const { task } = loaded;
  const problems = testItems(loaded, evaluation.items);
  const { fewShot = 0 } = spec;
  const asking = { problems, maxNewTokens: evaluation.maxNewTokens, fewShot };
  const { rows, figures, decoding } = await answer(session, asking);
  const checked = checkAll(task, problems, rows);
  const { result: items, metrics: bill } = await judgeByName(session, checked, { spec, problems });
  const measured = summarize(task, items);
  const { metric } = task;
  const dir = await session.freshDir('payload');
  const recorded = { metric, judge: evaluation.judge ?? null, decoding };
  await writeResults(dir, items, { ...recorded, ...measured });
  const beside = await evaluateBeside(session, spec, dir);
  const { scores, interval, ...means } = measured;
  const named = Object.entries({ ...scores, ...beside }).map(
    ([name, value]) => [`scores.${name}`, value] as const,
  );
  const { nearTies = 0, cutPrompts = 0 } = figures;
  const bounds = { scoreLow: interval.low, scoreHigh: interval.high };
  return {
    dir,
    metrics: { ...means, ...bounds, ...Object.fromEntries(named), nearTies, cutPrompts, ...bill },
  };
}
