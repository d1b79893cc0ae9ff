import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import type { Decoding } from '../schemas/trainer-job';
import { digestOf } from '../planning';
import { digestFile, guardFiles, readModelPositions } from '../store';
import { findGenerations, keepGenerations, type KeptGenerations } from './generations';
import type { OpenInput } from './inputs';
import type { StageSession } from './session';

/** A model as a job names it: a folder, and an adapter on top of it or none. */
export interface Policy {
  readonly model: string;
  readonly adapter: string | null;
}

/** The same with the content digests of both. */
export interface PinnedPolicy extends Policy {
  readonly digests: readonly string[];
}

/** What was trained stands on its base as an adapter, or, where every weight was trained, in its place. */
export function policyOf(base: OpenInput, trained: OpenInput | null): PinnedPolicy {
  if (trained === null) return { model: base.dir, adapter: null, digests: [base.digest] };
  const isAdapter = existsSync(join(trained.dir, 'adapter_config.json'));
  if (!isAdapter) return { model: trained.dir, adapter: null, digests: [trained.digest] };
  return { model: base.dir, adapter: trained.dir, digests: [base.digest, trained.digest] };
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

/** Rows decoded side by side. Part of what the revision covers: another shape may change last bits. */
const batchSize = 64;

/** Raised when the same request gives other answers: those that stores keep are then made anew. */
const generationRevision = 1;

export interface GenerationOptions {
  readonly policy: PinnedPolicy;
  /** JSONL of { id, prompt }. */
  readonly prompts: string;
  readonly samples: number;
  readonly decoding: Decoding;
  readonly maxNewTokens: number;
  readonly seed: number;
  readonly part?: string;
}

/**
 * Answers of a model to prompts. The store keeps them by what was asked of which model, so that whatever else of a stage
 * has changed, a grader or a judge, no answer is generated twice.
 */
export async function generateAnswers(
  session: StageSession,
  options: GenerationOptions,
): Promise<KeptGenerations> {
  const { policy, prompts, part, ...asked } = options;
  const { model, adapter, digests } = policy;
  const { store } = session.environment;
  const maxPromptTokens = await longestPrompt(model, asked.maxNewTokens);
  const request = { ...asked, maxPromptTokens, batchSize, onOverlength: 'truncate' } as const;
  const asking = { digests, prompts: await digestFile(prompts), revision: generationRevision };
  const key = digestOf({ ...request, ...asking });
  const found = await findGenerations(store, key);
  session.usage.made = found?.made ?? session.usage.made;
  if (found !== undefined) return found;
  const job = { ...session.jobBase(part), command: 'generate', model, adapter, prompts, ...request } as const;
  const { result } = await session.runTrainer(job);
  const { made } = session.usage;
  const rows = join(job.outputDir, 'generations.jsonl');
  return keepGenerations(store, key, { rows, figures: result.metrics, maxPromptTokens, made });
}
