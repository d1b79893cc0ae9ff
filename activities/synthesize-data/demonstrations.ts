import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { DemonstrationRow } from '../../schemas/rows';
import type { StageMetrics } from '../../contracts/metrics';
import type { DemonstrationsSpec } from '../../stages';
import type { Annotator, Problem } from '../../contracts/task';
import { demonstrationRows } from '../../planning';
import { callFor } from '../../core/failed-item';
import { createRandom } from '../../core/random';
import { writeFileAtomic } from '../../host/durable-files';
import { annotate, billOf } from '../annotation';
import { assertTexts } from '../../contracts/answers';
import { asked } from '../annotator-failure';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { tooFewRows } from './too-few-rows';
import { assertIdentified, excludedMetric, findAnnotator, pick } from '../task-data';

/** A demonstration depends only on the seed and its problem, so larger budgets contain smaller ones. */
const demonstrateEach = (annotator: Annotator, problems: readonly Problem[], poolSeed: number) =>
  problems.map((problem) =>
    callFor(problem.id, () => annotator.demonstrate(problem, createRandom(poolSeed, problem.id))),
  );

function toRow({ id, prompt }: Problem, completion: string, annotator: Annotator): DemonstrationRow {
  if (completion.trim() !== '') return { id, prompt, completion };
  throw new BudgetlineError('DATA_INVALID', `Annotator ${annotator.name} wrote nothing for problem ${id}.`);
}

/** Completions in the order of their problems, and metrics about them. */
async function writeAll(
  session: StageSession,
  annotator: Annotator,
  { problems, poolSeed }: { problems: readonly Problem[]; poolSeed: number },
): Promise<Pick<StageMetrics, 'metrics' | 'labels'> & { readonly completions: readonly string[] }> {
  const asking = { name: annotator.name, items: problems.map(({ id }) => id) };
  if (annotator.annotateBatch === undefined) {
    const written = await asked(() => demonstrateEach(annotator, problems, poolSeed), asking);
    return { completions: assertTexts(written, asking), metrics: {} };
  }
  const { result, recorded } = await annotate(session, asking, async (annotation) =>
    annotator.annotateBatch?.(problems, annotation),
  );
  const { metrics, labels } = recorded;
  const completions = assertTexts(result, asking);
  return { completions, metrics: { ...(await billOf(session)), ...metrics }, labels };
}

/** Buys demonstrations for the first problems of the pool's permutation, or for those behind the skipped ones. */
export async function synthesizeDemonstrations(
  session: StageSession,
  spec: DemonstrationsSpec,
): Promise<StageOutput> {
  const { task, problems } = await session.loadTask();
  const { rows: count, skip = 0, poolSeed } = spec;
  const pool = problems.pool.length;
  const annotator = findAnnotator(task, spec.annotator);
  await assertIdentified(annotator, { digest: spec.annotatorDigest, code: spec.code?.annotator });
  if (skip + count > pool)
    throw tooFewRows(
      skip,
      `${count} demonstrations are needed; the pool of ${task.name} has ${pool} problems`,
    );
  const bought = pick(problems.pool, demonstrationRows(pool, poolSeed, skip + count)).slice(skip);
  const { completions, metrics, labels } = await writeAll(session, annotator, { problems: bought, poolSeed });
  const rows = bought.map((problem, index) => toRow(problem, completions[index] ?? '', annotator));
  const dir = await session.freshDir('payload');
  await writeJsonLines(join(dir, 'demonstrations.jsonl'), rows);
  const stats = {
    rows: count,
    annotator: annotator.name,
    pool,
    excluded: problems.excluded,
  };
  await writeFileAtomic(join(dir, 'stats.json'), `${JSON.stringify(stats, undefined, 2)}\n`);
  return { dir, metrics: { rows: count, ...excludedMetric(problems), ...metrics }, labels };
}
