import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError, failures } from '../../contracts/failures';
import { nameUsd } from '../../contracts/money';
import { generationRow, type GenerationRow, promptRow } from '../../schemas/rows';
import type { SpecOf } from '../../contracts/stage';
import type { Problem, ProblemSet, Task } from '../../contracts/task';
import { digestOf, pairPromptRows, rowPrice, usdTolerance } from '../../planning';
import { writeFileAtomic } from '../../store';
import { readJsonLines, writeJsonLines } from '../json-lines';
import { generateAnswers, policyOf, type PinnedPolicy } from '../policy';
import type { StageOutput, StageSession } from '../session';
import { assertGrading, excludedFigure, pick } from '../task-data';
import { planRound } from './rounds';

/** Rows that are made of a frozen reference's own samples. */
export type SampledSpec = Extract<SpecOf<'synthesizeData'>, { what: 'pairs' | 'rejection-samples' }>;

/** What one prompt's samples give: a row, or why there is none. */
export type Yielded<Row, Skipped extends string> = { readonly row: Row } | { readonly skipped: Skipped };

/** How rows of one sort are made and called. */
export interface Crop<Row, Skipped extends string> {
  /** "pairs", for sentences. */
  readonly name: string;
  /** The payload's file. */
  readonly file: string;
  /** Every reason for which a prompt gives no row. */
  readonly reasons: readonly Skipped[];
  yieldOf(task: Task, problem: Problem, samples: readonly GenerationRow[]): Yielded<Row, Skipped>;
}

/** Rows in the order of their prompts, and what finding them took. */
class Harvest<Row, Skipped extends string> {
  readonly rows: Row[] = [];
  readonly skipped: Record<Skipped, number>;
  /** Prompts up to the last row that was needed. */
  scanned = 0;
  verifierCalls = 0;

  constructor(
    private readonly task: Task,
    private readonly crop: Crop<Row, Skipped>,
    private readonly wanted: number,
  ) {
    this.skipped = Object.fromEntries(crop.reasons.map((reason) => [reason, 0])) as Record<Skipped, number>;
  }

  get complete(): boolean {
    return this.rows.length >= this.wanted;
  }

  get yield(): number {
    return this.scanned === 0 ? 0 : this.rows.length / this.scanned;
  }

  take(problem: Problem, samples: readonly GenerationRow[]): void {
    if (this.complete) return;
    const outcome = this.crop.yieldOf(this.task, problem, samples);
    this.scanned += 1;
    this.verifierCalls += samples.length;
    if ('row' in outcome) this.rows.push(outcome.row);
    else this.skipped[outcome.skipped] += 1;
  }
}

interface Round {
  readonly part: string;
  readonly prompts: readonly Problem[];
  readonly policy: PinnedPolicy;
}

const partOf = (index: number): string => `round-${String(index).padStart(3, '0')}`;

/** Samples of a finished round. It stays in the run folder, so that a later attempt goes on behind it. */
async function finishedRound(session: StageSession, part: string): Promise<GenerationRow[] | undefined> {
  const path = join(session.jobBase(part).outputDir, 'generations.jsonl');
  return existsSync(path) ? readJsonLines(path, generationRow) : undefined;
}

/**
 * A round's prompts, in its folder. What an attempt with another allowance left half done is cut in another place, and
 * goes.
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

function exhausted<Row, Skipped extends string>(
  { rows, scanned, skipped, yield: share }: Harvest<Row, Skipped>,
  { rows: wanted }: SampledSpec,
  { name }: Crop<Row, Skipped>,
): BudgetlineError {
  const percent = (100 * share).toFixed(1);
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason} ${count as number}`);
  return new BudgetlineError(
    'POOL_EXHAUSTED',
    `${wanted} ${name} are asked for; all ${scanned} prompts of the pool gave ${rows.length} (${percent} %; skipped: ${reasons.join(', ')}).`,
    { details: { wanted, found: rows.length, scanned, yield: share } },
  );
}

/** Prompts of the pool's order, from the first that no round has had. */
interface Span {
  readonly start: number;
  readonly count: number;
}

/**
 * As many of these prompts as may be sampled without passing what the stage may spend, however poor the yield. Calls that
 * earlier attempts paid for cost nothing.
 */
function cutToAllowance({ request, stage, usage }: StageSession, spec: SampledSpec, span: Span): number {
  const { prices, allowanceUsd } = request;
  if (prices === undefined || allowanceUsd === undefined) return span.count;
  const usdWith = (prompts: number): number => {
    const calls = Math.max(0, (span.start + prompts) * spec.pairs.candidates - usage.earlierCalls);
    return spec.rows * rowPrice(prices, spec.what) + calls * prices.verifierCall;
  };
  const fits = (prompts: number): boolean => usdWith(prompts) <= allowanceUsd + usdTolerance;
  for (let count = span.count; count > 0; count--) if (fits(count)) return count;
  const usd = usdWith(1);
  throw new BudgetlineError(
    'SPEND_LIMIT',
    `${stage.title}: with the checker calls of one more prompt they would cost ${nameUsd(usd)}; ${nameUsd(allowanceUsd)} may be spent on them.`,
    { details: { usd, allowanceUsd } },
  );
}

async function writePayload<Row, Skipped extends string>(
  session: StageSession,
  spec: SampledSpec,
  {
    harvest,
    file,
    problems,
  }: { readonly harvest: Harvest<Row, Skipped>; readonly file: string; readonly problems: ProblemSet },
): Promise<StageOutput> {
  const dir = await session.freshDir('payload');
  const { scanned: promptsScanned, verifierCalls, skipped } = harvest;
  const samples = promptsScanned * spec.pairs.candidates;
  const figures = { rows: spec.rows, promptsScanned, samples, verifierCalls, yield: harvest.yield };
  await writeJsonLines(join(dir, file), harvest.rows);
  await writeFileAtomic(
    join(dir, 'stats.json'),
    `${JSON.stringify({ ...figures, skipped }, undefined, 2)}\n`,
  );
  return { dir, metrics: { ...figures, ...excludedFigure(problems) }, skipped };
}

interface Growing<Row, Skipped extends string> {
  readonly harvest: Harvest<Row, Skipped>;
  readonly crop: Crop<Row, Skipped>;
  /** The pool, in the order in which it is scanned. */
  readonly order: readonly Problem[];
}

/** Rounds until the count is reached. */
async function gather<Row, Skipped extends string>(
  session: StageSession,
  spec: SampledSpec,
  { harvest, crop, order }: Growing<Row, Skipped>,
): Promise<void> {
  const policy = policyOf(await session.inputs.open('reference'), null);
  for (let index = 0, start = 0; !harvest.complete; index++) {
    const found = harvest.rows.length;
    const planned = planRound({ wanted: spec.rows, found, scanned: start, pool: order.length });
    if (planned === 0) throw exhausted(harvest, spec, crop);
    session.assertWanted();
    const prompts = order.slice(start, start + cutToAllowance(session, spec, { start, count: planned }));
    const part = partOf(index);
    const finished = await finishedRound(session, part);
    const samples = groupById(finished ?? (await sampleRound(session, spec, { part, prompts, policy })));
    // A finished round may be shorter: an earlier attempt cut it to what that one might spend.
    const sampled = prompts.filter(({ id }) => samples.has(id));
    for (const problem of sampled) harvest.take(problem, samples.get(problem.id) ?? []);
    start += sampled.length;
  }
}

/** Finished rounds stay for a retry, which tells of their checker calls as its own; what ends for good has no other. */
const endsForGood = (error: unknown): boolean =>
  error instanceof BudgetlineError && !failures[error.code].retried;

/**
 * Makes rows of the frozen reference's own samples: prompts from the back of the pool's permutation, in order, in
 * rounds, until the count is reached. POOL_EXHAUSTED where the pool runs dry.
 */
export async function harvestSamples<Row, Skipped extends string>(
  session: StageSession,
  spec: SampledSpec,
  crop: Crop<Row, Skipped>,
): Promise<StageOutput> {
  const { task, problems } = await session.loadTask();
  await assertGrading(task, spec.code);
  const order = pick(problems.pool, pairPromptRows(problems.pool.length, spec.poolSeed));
  const harvest = new Harvest(task, crop, spec.rows);
  const tellCalls = (): number => (session.usage.verifierCalls += harvest.verifierCalls);
  await gather(session, spec, { harvest, crop, order }).catch((error: unknown) => {
    if (endsForGood(error)) tellCalls();
    throw error;
  });
  tellCalls();
  return writePayload(session, spec, { harvest, file: crop.file, problems });
}
