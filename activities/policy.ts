import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import type { Decoding } from '../contracts/trainer-job';
import { guardFiles, readModelPositions } from '../store';
import type { OpenInput } from './inputs';
import type { StageSession } from './session';

/** A model as a job names it: a folder, and an adapter on top of it or none. */
export interface Policy {
  readonly model: string;
  readonly adapter: string | null;
}

/** What was trained stands on its base as an adapter, or, where every weight was trained, in its place. */
export function policyOf(base: OpenInput, trained: OpenInput | null): Policy {
  if (trained === null) return { model: base.dir, adapter: null };
  const isAdapter = existsSync(join(trained.dir, 'adapter_config.json'));
  return isAdapter ? { model: base.dir, adapter: trained.dir } : { model: trained.dir, adapter: null };
}

/** Prompt tokens that a model has room for beside an answer: a function of the model and the definition alone. */
async function longestPrompt(model: string, maxNewTokens: number): Promise<number> {
  await guardFiles(model, () => stat(model));
  const positions = await readModelPositions(model);
  const room = (positions ?? 0) - maxNewTokens;
  if (room > 0) return room;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `maxNewTokens ${maxNewTokens} leaves no room for a prompt: ${model} has ${positions ?? 'no known number of'} positions.`,
  );
}

/** Rows decoded side by side. Part of what a stage's revision covers: another shape may change last bits. */
const batchRows = 64;

export interface GenerationOptions {
  readonly policy: Policy;
  /** JSONL of { id, prompt }. */
  readonly prompts: string;
  readonly samples: number;
  readonly decoding: Decoding;
  readonly maxNewTokens: number;
  readonly seed: number;
  readonly part?: string;
}

/** Answers on disk, and how they were made. */
export interface Generated {
  readonly path: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly maxPromptTokens: number;
}

/** Runs `generate`; gives the path of generations.jsonl and the figures of the run. */
export async function generateAnswers(session: StageSession, options: GenerationOptions): Promise<Generated> {
  const { policy, prompts, samples, decoding, maxNewTokens, seed, part } = options;
  const base = session.jobBase(part);
  const maxPromptTokens = await longestPrompt(policy.model, maxNewTokens);
  const { result } = await session.runTrainer({
    ...base,
    command: 'generate',
    ...policy,
    ...{ prompts, samples, maxNewTokens, batchRows, seed },
    decoding,
    maxPromptTokens,
    overLength: 'drop-oldest',
  });
  return { path: join(base.outputDir, 'generations.jsonl'), figures: result.metrics, maxPromptTokens };
}
