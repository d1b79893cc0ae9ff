import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError, failures } from '../../contracts/failures';
import { generationRow, type GenerationRow } from '../../contracts/rows';
import type { SpecOf } from '../../contracts/stage';
import type { Problem, Task } from '../../contracts/task';
import { pairPromptRows, rowPrice } from '../../planning';
import { ensureDir, writeFileAtomic } from '../../store';
import { readJsonLines, writeJsonLines } from '../json-lines';
import { generateAnswers, policyOf, type Policy } from '../policy';
import type { StageOutput, StageSession } from '../session';
import { pick } from '../task-data';
import { planRound } from './rounds';

/** Rows that are made of a frozen reference's own samples. */
export type SampledSpec = Extract<SpecOf<'synthesizeData'>, { what: 'pairs' | 'right-samples' }>;

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
  checkerCalls = 0;

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
    this.checkerCalls += samples.length;
    if ('row' in outcome) this.rows.push(outcome.row);
    else this.skipped[outcome.skipped] += 1;
  }
}

interface Round {
  readonly index: number;
  readonly prompts: readonly Problem[];
  readonly policy: Policy;
}

/** Samples of one round. A finished round stays in the run folder, so that a retry goes on behind it. */
async function sampleRound(
  session: StageSession,
  spec: SampledSpec,
  { index, prompts, policy }: Round,
): Promise<GenerationRow[]> {
  const part = `round-${String(index).padStart(3, '0')}`;
  const finished = join(session.jobBase(part).outputDir, 'generations.jsonl');
  if (existsSync(finished)) return readJsonLines(finished, generationRow);
  const path = join(await ensureDir(join(session.runDir, part)), 'prompts.jsonl');
  const rows = prompts.map(({ id, prompt }) => ({ id, prompt }));
  await writeJsonLines(path, rows);
  const { candidates: samples, temperature, topK, topP, maxNewTokens } = spec.pairs;
  const decoding = { mode: 'sample', temperature, topK, topP } as const;
  const options = { policy, prompts: path, samples, decoding, maxNewTokens, seed: spec.seed, part };
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

/** Another round may not pass what the stage may spend, however poor the yield. */
function assertAffordable({ request, stage }: StageSession, spec: SampledSpec, checkerCalls: number): void {
  const { prices, allowanceUsd } = request;
  if (prices === undefined || allowanceUsd === undefined) return;
  const usd = spec.rows * rowPrice(prices, spec.what) + checkerCalls * prices.checkerCall;
  if (usd <= allowanceUsd + 1e-9) return;
  throw new BudgetlineError(
    'SPEND_LIMIT',
    `${stage.title}: with ${checkerCalls} checker calls they would cost $${usd.toFixed(2)}; $${allowanceUsd.toFixed(2)} may be spent on them.`,
    { details: { usd, allowanceUsd } },
  );
}

async function writePayload<Row, Skipped extends string>(
  session: StageSession,
  spec: SampledSpec,
  { harvest, file }: { readonly harvest: Harvest<Row, Skipped>; readonly file: string },
): Promise<StageOutput> {
  const dir = await session.freshDir('payload');
  const { scanned: promptsScanned, checkerCalls, skipped } = harvest;
  const samples = promptsScanned * spec.pairs.candidates;
  const figures = { rows: spec.rows, promptsScanned, samples, checkerCalls, yield: harvest.yield };
  await writeJsonLines(join(dir, file), harvest.rows);
  await writeFileAtomic(
    join(dir, 'stats.json'),
    `${JSON.stringify({ ...figures, skipped }, undefined, 2)}\n`,
  );
  const named = Object.entries(skipped).map(
    ([reason, count]) => [`skipped.${reason}`, count as number] as const,
  );
  return { dir, metrics: { ...figures, ...Object.fromEntries(named) } };
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
    const count = planRound({ wanted: spec.rows, found, scanned: start, pool: order.length });
    if (count === 0) throw exhausted(harvest, spec, crop);
    session.assertWanted();
    assertAffordable(session, spec, (start + count) * spec.pairs.candidates);
    const prompts = order.slice(start, start + count);
    const samples = groupById(await sampleRound(session, spec, { index, prompts, policy }));
    for (const problem of prompts) harvest.take(problem, samples.get(problem.id) ?? []);
    start += count;
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
  const order = pick(problems.pool, pairPromptRows(problems.pool.length, spec.poolSeed));
  const harvest = new Harvest(task, crop, spec.rows);
  const tellCalls = (): number => (session.usage.checkerCalls += harvest.checkerCalls);
  await gather(session, spec, { harvest, crop, order }).catch((error: unknown) => {
    if (endsForGood(error)) tellCalls();
    throw error;
  });
  tellCalls();
  return writePayload(session, spec, { harvest, file: crop.file });
}
