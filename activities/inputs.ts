import { join } from 'node:path';
import { BudgetlineError } from '../core/failures';
import type { PinnedMember } from '../core/members';
import { modelDigest } from '../core/digest';
import type { PlannedStage, StageInputRef } from '../contracts/stage';
import { describeModel, type PayloadFile, type Store } from '../store';

/** An input on this host, with its bytes verified. */
export interface OpenInput {
  /** Folder of the artifact. For a base model: its folder or GGUF file. */
  readonly dir: string;
  /** Payload digest of the artifact, or the base model's digest. */
  readonly digest: string;
  /** SHA-256 of one of its files. */
  sha256Of(file: string): string;
}

/** A stage's inputs by name. Opened inputs are recorded for the manifest. */
export interface StageInputs {
  open(name: string): Promise<OpenInput>;
  /** Null if the stage has no such input. */
  openOptional(name: string): Promise<OpenInput | null>;
  /** Takes over the digests that an earlier attempt recorded, since this one continues its work. */
  recall(digests: StageInputs['digests']): void;
  /** Digests of the opened inputs. */
  readonly digests: Readonly<Record<string, string>>;
}

function fileDigest(files: readonly PayloadFile[], dir: string, name: string): string {
  const file = files.find(({ path }) => path === name);
  if (file !== undefined) return file.sha256;
  throw new BudgetlineError('INPUT_MISSING', `There is no ${name} in ${dir}.`, {
    details: { path: join(dir, name) },
  });
}

async function openModel(
  { digest, path }: { digest: string; path: string },
  family: PinnedMember | undefined,
): Promise<OpenInput> {
  const { files, digest: payload } = await describeModel(path);
  const found = modelDigest(payload, family);
  if (found !== digest)
    throw new BudgetlineError('DATA_INVALID', `The model ${path} has changed since the run was planned.`, {
      remedy: 'Put its files back as they were, or start the run again with a new plan.',
      details: { path, expected: digest, found },
    });
  return { dir: path, digest, sha256Of: (file) => fileDigest(files, path, file) };
}

async function openArtifact(
  store: Store,
  ref: Extract<StageInputRef, { stage: string }>,
): Promise<OpenInput> {
  const { dir, manifest } = await store.verify({ kind: ref.kind, key: ref.stage });
  return { dir, digest: manifest.digest, sha256Of: (file) => fileDigest(manifest.files, dir, file) };
}

/** The part of a request that its inputs depend on. */
interface AnyRequest {
  readonly stage: PlannedStage;
  readonly family?: PinnedMember;
}

/** Opens a stage's inputs. Every byte is compared with the plan or the manifest. */
export function createInputs(store: Store, { stage, family }: AnyRequest): StageInputs {
  const digests: Record<string, string> = {};
  const openRef = async (name: string, ref: StageInputRef): Promise<OpenInput> => {
    const input = 'stage' in ref ? await openArtifact(store, ref) : await openModel(ref, family);
    digests[name] = input.digest;
    return input;
  };
  const openOptional = async (name: string): Promise<OpenInput | null> => {
    const ref = stage.inputs[name];
    return ref === undefined ? null : openRef(name, ref);
  };
  return {
    digests,
    openOptional,
    recall: (earlier) => void Object.assign(digests, earlier),
    async open(name) {
      const input = await openOptional(name);
      if (input !== null) return input;
      throw new BudgetlineError('CONFIG_INVALID', `${stage.title}: the stage has no input "${name}".`);
    },
  };
}
