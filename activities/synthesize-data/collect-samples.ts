import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError, failures } from '../../core/failures';
import { nameUsd } from '../../core/money';
import { generationRow, type GenerationRow, promptRow } from '../../schemas/rows';
import type { SampledSpec, SamplingSpec } from '../../stages';
import type { Metrics } from '../../contracts/metrics';
import type { Problem, ProblemSet, Task } from '../../contracts/task';
import { pairPromptRows, usdTolerance } from '../../planning';
import { digestOf } from '../../core/digest';
import { writeFileAtomic } from '../../host/durable-files';
import { guardFiles } from '../../host/fs-errors';
import { readJsonLines, writeJsonLines } from '../json-lines';
import { generateAnswers, policyOf, type PinnedPolicy } from '../policy';
import type { StageOutput, StageSession } from '../session';
import { assertGrading, excludedMetric, pick } from '../task-data';
import { planRound } from './rounds';
import { SampleCollector, type SampleFilter } from './sample-collector';

interface Round {
  readonly part: string;
  readonly prompts: readonly Problem[];
  readonly policy: PinnedPolicy;
}

const partOf = (index: number): string => `round-${String(index).padStart(3, '0')}`;

/** Samples of a finished round. They stay in the run folder, so that a later attempt continues after it. */
async function finishedRound(session: StageSession, part: string): Promise<GenerationRow[] | undefined> {
  const path = join(session.jobBase(part).outputDir, 'generations.jsonl');
  return existsSync(path) ? readJsonLines(path, generationRow) : undefined;
}

/**
 * Writes a round's prompts into its folder. A round that an attempt with another allowance left unfinished
 * has other prompts, and is removed.
 */
async function openRound(session: StageSession, { part, prompts }: Round): Promise<string> {
  const rows = prompts.map(({ id, prompt }) => ({ id, prompt }));
  const path = join(session.runDir, part, 'prompts.jsonl');
  const isSame = existsSync(path) && digestOf(await readJsonLines(path, promptRow)) === digestOf(rows);
  if (!isSame) await writeJsonLines(join(await session.freshDir(part), 'prompts.jsonl'), rows);
  return path;
}

async function sampleRound(session: StageSession, spec: SampledSpec, round: Round): Promise<GenerationRow[]> {
  const { policy, part } = round;
  const prompts = await openRound(session, round);
  const { candidates: samples, temperature, topK, topP, maxNewTokens } = spec.pairs;
  const decoding = { mode: 'sample', temperature, topK, topP } as const;
  const options = { policy, prompts, samples, decoding, maxNewTokens, seed: spec.seed, part };
  return readJsonLines((await generateAnswers(session, options)).path, generationRow);
}

function groupById(rows: readonly GenerationRow[]): Map<string, GenerationRow[]> {
  const groups = new Map<string, GenerationRow[]>();
  for (const row of rows) groups.set(row.id, [...(groups.get(row.id) ?? []), row]);
  return groups;
}

const whereUsed =
  'Ask for fewer rows in this round or the rounds before it, enlarge the pool, raise candidates, or leave "after" out to use prompts again.';

function exhausted<Row>(
  { rows: needed }: SampledSpec,
  { collector, filter: { name }, used }: Collection<Row>,
): BudgetlineError {
  const { rows, scanned, skipped, yield: share } = collector;
  const percent = (100 * share).toFixed(1);
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason} ${count}`);
  const before = used === 0 ? '' : ` that ${used} earlier ones left`;
  return new BudgetlineError(
    'POOL_EXHAUSTED',
    `${needed} ${name} are needed; all ${scanned} prompts of the pool${before} yielded ${rows.length} (${percent}%; skipped: ${reasons.join(', ')}).`,
    {
      remedy: used === 0 ? undefined : whereUsed,
      details: { needed, found: rows.length, scanned, used, yield: share },
    },
  );
}

/** Prompts in the pool's order, from the first that was not in a round yet. */
interface Span {
  readonly start: number;
  readonly count: number;
}

/**
 * The number of prompts that fit into the allowance, even if none yields a row. Samples and labels that earlier attempts
 * paid for are free.
 */
function limitToAllowance<Row>(
  { request, stage, usage }: StageSession,
  { candidates }: SamplingSpec,
  { filter, span }: { readonly filter: SampleFilter<Row>; readonly span: Span },
): number {
  const { allowanceUsd } = request;
  const { rows } = stage;
  if (rows === null || allowanceUsd === undefined) return span.count;
  const paidFor = filter.isScored ? usage.earlierCalls : usage.earlierUnscored;
  const usdWith = (prompts: number): number => {
    const samples = Math.max(0, (span.start + prompts) * candidates - paidFor);
    return rows.count * rows.usd + samples * rows.sampleUsd + (filter.usdWith?.(prompts) ?? 0);
  };
  const fits = (prompts: number): boolean => usdWith(prompts) <= allowanceUsd + usdTolerance;
  for (let count = span.count; count > 0; count--) if (fits(count)) return count;
  const usd = usdWith(1);
  throw new BudgetlineError(
    'SPEND_LIMIT',
    `${stage.title}: with one more prompt the cost would be ${nameUsd(usd)}; the allowance is ${nameUsd(allowanceUsd)}.`,
    { details: { usd, allowanceUsd } },
  );
}

interface Collection<Row> {
  readonly collector: SampleCollector<Row>;
  readonly filter: SampleFilter<Row>;
  /** The pool without the prompts of earlier stages, in the order of scanning. */
  readonly order: readonly Problem[];
  /** Number of prompts of the pool that earlier stages scanned. */
  readonly used: number;
}

async function writePayload<Row>(
  session: StageSession,
  spec: SampledSpec,
  { collector, filter, used, problems }: Collection<Row> & { readonly problems: ProblemSet },
): Promise<StageOutput> {
  const dir = await session.freshDir('payload');
  const { scanned: promptsScanned, samples, verifierCalls, skipped } = collector;
  const scannedUpTo: Metrics = used === 0 ? {} : { scannedUpTo: used + promptsScanned };
  const counts = { promptsScanned, ...scannedUpTo, samples, verifierCalls };
  const metrics = { rows: spec.rows, ...counts, yield: collector.yield };
  await writeJsonLines(join(dir, filter.file), collector.rows);
  await writeFileAtomic(
    join(dir, 'stats.json'),
    `${JSON.stringify({ ...metrics, skipped }, undefined, 2)}\n`,
  );
  const measured = await filter.measured?.();
  return {
    dir,
    metrics: { ...metrics, ...excludedMetric(problems), ...measured?.metrics },
    labels: measured?.labels,
    skipped,
  };
}

/** Where a stage of samples stopped in the sampling order; the first of a chain stopped after what it scanned. */
const samplingStats = z.looseObject({ promptsScanned: z.int(), scannedUpTo: z.int().optional() });

/** Number of prompts that the stages before this one scanned. */
async function usedBefore({ inputs }: StageSession): Promise<number> {
  const after = await inputs.openOptional('after');
  if (after === null) return 0;
  const path = join(after.dir, 'stats.json');
  const stats = samplingStats.parse(JSON.parse(await guardFiles(path, () => readFile(path, 'utf8'))));
  return stats.scannedUpTo ?? stats.promptsScanned;
}

/** Samples rounds until there are enough rows. */
async function sampleUntilComplete<Row>(
  session: StageSession,
  spec: SampledSpec,
  collection: Collection<Row>,
): Promise<void> {
  const { collector, filter, order } = collection;
  const policy = policyOf(await session.inputs.open('reference'), null);
  for (let index = 0, start = 0; collector.missing > 0; index++) {
    const found = collector.rows.length;
    const planned = planRound({ needed: spec.rows, found, scanned: start, pool: order.length });
    if (planned === 0) throw exhausted(spec, collection);
    session.throwIfStopped();
    const span = { start, count: planned };
    const prompts = order.slice(start, start + limitToAllowance(session, spec.pairs, { filter, span }));
    const part = partOf(index);
    const finished = await finishedRound(session, part);
    const samples = groupById(finished ?? (await sampleRound(session, spec, { part, prompts, policy })));
    // A finished round may be shorter: the allowance of an earlier attempt limited it.
    const sampled = prompts.filter(({ id }) => samples.has(id));
    await collector.take(sampled.map((problem) => ({ problem, samples: samples.get(problem.id) ?? [] })));
    start += sampled.length;
  }
}

/**
 * A retry counts the samples of finished rounds. A final failure has no retry, so it counts them itself.
 */
const isFinal = (error: unknown): boolean =>
  error instanceof BudgetlineError && !failures[error.code].retried;

/**
 * Makes rows from the frozen reference's own samples. Samples prompts in rounds, from the back of the
 * pool's permutation or behind the last prompt of the input `after`, until there are enough rows.
 * POOL_EXHAUSTED if there are no prompts left.
 */
export async function collectSamples<Row>(
  session: StageSession,
  spec: SampledSpec,
  filterFor: (task: Task) => SampleFilter<Row> | Promise<SampleFilter<Row>>,
): Promise<StageOutput> {
  const { task, problems } = await session.loadTask();
  await assertGrading(task, spec.code);
  const used = await usedBefore(session);
  const order = pick(problems.pool, pairPromptRows(problems.pool.length, spec.poolSeed)).slice(used);
  const filter = await filterFor(task);
  const collector = new SampleCollector(filter, spec.rows);
  const collection = { collector, filter, order, used };
  const recordSamples = (): void => {
    const { samples, verifierCalls } = collector;
    session.usage.verifierCalls += verifierCalls;
    session.usage.unscored += samples - verifierCalls;
  };
  await sampleUntilComplete(session, spec, collection).catch((error: unknown) => {
    if (isFinal(error)) recordSamples();
    throw error;
  });
  recordSamples();
  return writePayload(session, spec, { ...collection, problems });
}
