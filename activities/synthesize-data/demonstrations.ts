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
import { assertTexts, assertTextsOrRefusals } from '../../contracts/answers';
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

const listedRefusals = 10;

/** Rows that the annotator refuses are left out and counted. @throws BudgetlineError ANNOTATOR_REFUSED if none is left */
function noteRefusals(
  session: StageSession,
  { name }: Annotator,
  { refused, count }: { readonly refused: readonly string[]; readonly count: number },
): void {
  if (refused.length === 0) return;
  const more = refused.length > listedRefusals ? ' …' : '';
  const message = `${name} refused ${refused.length} of ${count} problems, whose rows are left out: ${refused.slice(0, listedRefusals).join(', ')}${more}`;
  if (refused.length === count)
    throw new BudgetlineError('ANNOTATOR_REFUSED', `${name} refused all ${count} problems.`, {
      remedy: 'Reword the request, or use another annotator.',
    });
  session.warn({ code: 'ROWS_REFUSED', message });
}

/** Completions in the order of their problems, and metrics about them. */
async function writeAll(
  session: StageSession,
  annotator: Annotator,
  { problems, poolSeed }: { problems: readonly Problem[]; poolSeed: number },
): Promise<Pick<StageMetrics, 'metrics' | 'labels'> & { readonly completions: readonly (string | null)[] }> {
  const asking = { name: annotator.name, items: problems.map(({ id }) => id) };
  if (annotator.annotateBatch === undefined) {
    const written = await asked(() => demonstrateEach(annotator, problems, poolSeed), asking);
    return { completions: assertTexts(written, asking), metrics: {} };
  }
  const { result, recorded } = await annotate(session, asking, async (annotation) =>
    annotator.annotateBatch?.(problems, annotation),
  );
  const { metrics, labels } = recorded;
  const completions = assertTextsOrRefusals(result, asking);
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
  const rows = bought.flatMap((problem, index) => {
    const completion = completions[index] ?? null;
    return completion === null ? [] : [toRow(problem, completion, annotator)];
  });
  const refused = bought.filter((_, index) => completions[index] === null).map(({ id }) => id);
  noteRefusals(session, annotator, { refused, count });
  const left: Record<string, number> = refused.length === 0 ? {} : { refused: refused.length };
  const dir = await session.freshDir('payload');
  await writeJsonLines(join(dir, 'demonstrations.jsonl'), rows);
  const stats = {
    rows: rows.length,
    ...left,
    annotator: annotator.name,
    pool,
    excluded: problems.excluded,
  };
  await writeFileAtomic(join(dir, 'stats.json'), `${JSON.stringify(stats, undefined, 2)}\n`);
  return { dir, metrics: { rows: rows.length, ...left, ...excludedMetric(problems), ...metrics }, labels };
}
