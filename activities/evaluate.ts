import { join } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { generationRow, type GenerationRow, type ItemResult } from '../contracts/rows';
import type { SpecOf } from '../contracts/stage';
import type { Problem, Task } from '../contracts/task';
import { fewShotText } from './few-shot';
import { readJsonLines, writeJsonLines } from './json-lines';
import { generateAnswers, policyOf } from './policy';
import type { StageOutput, StageSession } from './session';
import type { LoadedTask } from './task-data';
import { writeFileAtomic } from '../store';

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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(items: readonly ItemResult[], holds: (item: ItemResult) => boolean): number {
  return mean(items.map((item) => (holds(item) ? 1 : 0)));
}

/** summary.json: what an EvaluationSummary says besides key and digest. */
function summarise(task: Task, items: readonly ItemResult[]) {
  const names = [...new Set(items.flatMap(({ scores }) => Object.keys(scores)))].sort();
  const scores = names.map((name) => [name, mean(items.map((item) => item.scores[name] ?? 0))] as const);
  return {
    items: items.length,
    score: mean(items.map(({ score }) => score)),
    formatRate: share(items, ({ formatted }) => formatted),
    ramblingRate: share(items, ({ rambling }) => rambling),
    noEosRate: share(items, ({ finish }) => finish === 'length'),
    meanTokens: mean(items.map(({ tokens }) => tokens)),
    repetitionRate: mean(items.map(({ repetition }) => repetition)),
    scores: { ...Object.fromEntries(scores), ...task.summarize?.(items) },
  };
}

async function answer(
  session: StageSession,
  problems: readonly Problem[],
  maxNewTokens: number,
): Promise<{ rows: GenerationRow[]; figures: Readonly<Record<string, number>> }> {
  const reference = await session.inputs.open('reference');
  const policy = policyOf(reference, await session.inputs.openOptional('adapter'));
  const prompts = join(session.runDir, 'prompts.jsonl');
  const before = await fewShotText(session, problems);
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
  };
  const { path, figures } = await generateAnswers(session, options);
  return { rows: await readJsonLines(path, generationRow), figures };
}

/**
 * Greedy answers of the input `reference`, under the input `adapter` if there is one and after the demonstrations of the
 * input `data` if there are any, checked by the task.
 */
export async function evaluate(
  session: StageSession,
  { evaluation }: SpecOf<'evaluate'>,
): Promise<StageOutput> {
  const loaded = await session.loadTask();
  const problems = testItems(loaded, evaluation.items);
  const { rows, figures } = await answer(session, problems, evaluation.maxNewTokens);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const items = problems.map((problem) => {
    const row = byId.get(problem.id);
    if (row !== undefined) return judge(loaded.task, problem, row);
    throw new BudgetlineError(
      'TRAINER_PROTOCOL',
      `The training executable left no answer for ${problem.id}.`,
    );
  });
  const dir = await session.freshDir('payload');
  const { scores, ...summary } = summarise(loaded.task, items);
  await writeJsonLines(join(dir, 'items.jsonl'), items);
  await writeFileAtomic(
    join(dir, 'summary.json'),
    `${JSON.stringify({ ...summary, scores }, undefined, 2)}\n`,
  );
  const named = Object.entries(scores).map(([name, value]) => [`scores.${name}`, value] as const);
  const { nearTies = 0, cutPrompts = 0 } = figures;
  return { dir, metrics: { ...summary, ...Object.fromEntries(named), nearTies, cutPrompts } };
}
