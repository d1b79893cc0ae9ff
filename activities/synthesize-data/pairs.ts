import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import { generationRow, type GenerationRow, type PreferenceRow } from '../../contracts/rows';
import type { SpecOf } from '../../contracts/stage';
import type { Problem, Task } from '../../contracts/task';
import { pairPromptRows } from '../../planning';
import { ensureDir, writeFileAtomic } from '../../store';
import { readJsonLines, writeJsonLines } from '../json-lines';
import { generateAnswers, policyOf, type Policy } from '../policy';
import type { StageOutput, StageSession } from '../session';
import { pick } from '../task-data';
import { makePair, type Skipped } from './pair';
import { planRound } from './rounds';

export type PairsSpec = Extract<SpecOf<'synthesizeData'>, { what: 'pairs' }>;

/** Pairs in the order of their prompts, and what finding them took. */
class Harvest {
  readonly pairs: PreferenceRow[] = [];
  readonly skipped: Record<Skipped, number> = { 'all-right': 0, 'all-wrong': 0, 'wrong-is-empty': 0 };
  /** Prompts up to the last pair that was needed. */
  scanned = 0;
  checkerCalls = 0;

  constructor(
    private readonly task: Task,
    private readonly spec: PairsSpec,
  ) {}

  get complete(): boolean {
    return this.pairs.length >= this.spec.rows;
  }

  get yield(): number {
    return this.scanned === 0 ? 0 : this.pairs.length / this.scanned;
  }

  take(problem: Problem, samples: readonly GenerationRow[]): void {
    if (this.complete) return;
    const outcome = makePair(this.task, problem, { samples, chosen: this.spec.pairs.chosen });
    this.scanned += 1;
    this.checkerCalls += samples.length;
    if ('pair' in outcome) this.pairs.push(outcome.pair);
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
  spec: PairsSpec,
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

function exhausted(harvest: Harvest, spec: PairsSpec): BudgetlineError {
  const { pairs, scanned, skipped } = harvest;
  const percent = (100 * harvest.yield).toFixed(1);
  const reasons = Object.entries(skipped).map(([reason, count]) => `${reason} ${count}`);
  return new BudgetlineError(
    'POOL_EXHAUSTED',
    `${spec.rows} pairs are asked for; all ${scanned} prompts of the pool gave ${pairs.length} (${percent} %; skipped: ${reasons.join(', ')}).`,
    { details: { wanted: spec.rows, found: pairs.length, scanned, yield: harvest.yield } },
  );
}

async function writePayload(session: StageSession, spec: PairsSpec, harvest: Harvest): Promise<StageOutput> {
  const dir = await session.freshDir('payload');
  const { scanned: promptsScanned, checkerCalls, skipped } = harvest;
  const samples = promptsScanned * spec.pairs.candidates;
  const figures = { rows: spec.rows, promptsScanned, samples, checkerCalls, yield: harvest.yield };
  await writeJsonLines(join(dir, 'pairs.jsonl'), harvest.pairs);
  await writeFileAtomic(
    join(dir, 'stats.json'),
    `${JSON.stringify({ ...figures, skipped }, undefined, 2)}\n`,
  );
  const named = Object.entries(skipped).map(([reason, count]) => [`skipped.${reason}`, count] as const);
  return { dir, metrics: { ...figures, ...Object.fromEntries(named) } };
}

/**
 * Makes preference pairs of the frozen reference's own samples: prompts from the back of the pool's permutation, in
 * order, in rounds, until the count is reached. POOL_EXHAUSTED where the pool runs dry.
 */
export async function synthesizePairs(session: StageSession, spec: PairsSpec): Promise<StageOutput> {
  const { task, problems } = await session.loadTask();
  const policy = policyOf(await session.inputs.open('reference'), null);
  const order = pick(problems.pool, pairPromptRows(problems.pool.length, spec.poolSeed));
  const harvest = new Harvest(task, spec);
  for (let index = 0, start = 0; !harvest.complete; index++) {
    const found = harvest.pairs.length;
    const count = planRound({ wanted: spec.rows, found, scanned: start, pool: order.length });
    if (count === 0) throw exhausted(harvest, spec);
    session.assertWanted();
    const prompts = order.slice(start, start + count);
    const samples = groupById(await sampleRound(session, spec, { index, prompts, policy }));
    for (const problem of prompts) harvest.take(problem, samples.get(problem.id) ?? []);
    start += count;
  }
  session.usage.checkerCalls += harvest.checkerCalls;
  return writePayload(session, spec, harvest);
}
