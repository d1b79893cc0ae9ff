import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BudgetlineError } from '../core/failures';
import type { Decoding } from '../schemas/trainer-job';
import { digestOf } from '../core/digest';
import { guardFiles } from '../host/fs-errors';
import { generationBatchSize } from '../stages';
import { digestFile, readModelPositions, type StoredGenerations } from '../store';
import type { OpenInput } from './inputs';
import type { StageSession } from './session';

/** A model as a job names it: a folder, and an optional adapter. */
export interface Policy {
  readonly model: string;
  readonly adapter: string | null;
}

/** A policy with the content digests of its model and adapter. */
export interface PinnedPolicy extends Policy {
  readonly digests: readonly string[];
  /** Another model than the stage's, which the user's family is not for. */
  readonly isForeign?: true;
}

/** A trained artifact is an adapter on its base or, after full fine-tuning, a model of its own. */
export function policyOf(base: OpenInput, trained: OpenInput | null): PinnedPolicy {
  if (trained === null) return { model: base.dir, adapter: null, digests: [base.digest] };
  const isAdapter = existsSync(join(trained.dir, 'adapter_config.json'));
  if (!isAdapter) return { model: trained.dir, adapter: null, digests: [trained.digest] };
  return { model: base.dir, adapter: trained.dir, digests: [base.digest, trained.digest] };
}

/** The longest prompt that leaves room for an answer. Depends only on the model and the definition. */
async function longestPrompt(model: string, maxNewTokens: number): Promise<number> {
  await guardFiles(model, () => stat(model));
  const positions = await readModelPositions(model);
  const room = (positions ?? 0) - maxNewTokens;
  if (room > 0) return room;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `maxNewTokens ${maxNewTokens} leaves no room for a prompt: ${model} has ${positions ?? 'an unknown number of'} positions.`,
  );
}

/** Increase it when the same request gives other answers: stored answers are then generated again. */
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
 * Generates a model's answers to prompts. The store keeps them by model and request, so a changed verifier
 * or judge does not generate them again.
 */
export async function generateAnswers(
  session: StageSession,
  options: GenerationOptions,
): Promise<StoredGenerations> {
  const { policy, prompts, part, ...asked } = options;
  const { model, adapter, digests } = policy;
  const { store } = session.environment;
  const maxPromptTokens = await longestPrompt(model, asked.maxNewTokens);
  const request = {
    ...asked,
    maxPromptTokens,
    batchSize: generationBatchSize,
    onOverlength: 'truncate',
  } as const;
  const base = session.jobBase(part);
  const family = policy.isForeign ? undefined : base.family;
  const code = family && { export: family.export, digest: family.digest };
  const content = { digests, family: code, prompts: await digestFile(prompts), revision: generationRevision };
  const key = digestOf({ ...request, ...content });
  const found = await store.findGenerations(key);
  session.usage.made = found?.made ?? session.usage.made;
  if (found !== undefined) return found;
  const job = { ...base, family, command: 'generate', model, adapter, prompts, ...request } as const;
  const { result } = await session.runTrainer(job);
  const { made } = session.usage;
  const rows = join(job.outputDir, 'generations.jsonl');
  return store.storeGenerations(key, { rows, metrics: result.metrics, maxPromptTokens, made });
}
