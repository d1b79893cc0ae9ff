import { createHash } from 'node:crypto';
import { BudgetlineError } from '../core/failures';
import type { StageKey } from '../contracts/stage';
import type { ArtifactManifest } from '../schemas/artifact';
import type { ClaimRecord } from '../schemas/claim';
import type { GenerationRecord } from '../schemas/generations';
import type { LedgerEntry, LedgerLine } from '../schemas/ledger';
import { headAfter, nextLine, parseChain } from './chain';

/** Identifies an artifact: its stage's kind and key. */
export interface ArtifactId {
  readonly kind: string;
  readonly key: StageKey;
}

/** A published artifact on this host. */
export interface StoredArtifact {
  /** A local folder with manifest.json and the payload. Read only. */
  readonly dir: string;
  readonly manifest: ArtifactManifest;
}

/** A stage's payload, ready to be published. */
export interface PublishRequest {
  readonly id: ArtifactId;
  /** The finished payload, a local folder. Publishing takes it away. */
  readonly dir: string;
  /** The manifest without the fields that are computed from the payload. */
  readonly manifest: Omit<ArtifactManifest, 'format' | 'key' | 'kind' | 'digest' | 'files'>;
}

export interface PublishedArtifact extends StoredArtifact {
  /** True if another attempt had published before; then this is its artifact. */
  readonly adopted: boolean;
}

/** Checked just before a write: a claim with an outdated fence throws CLAIM_LOST. */
export interface FenceCheck {
  check(): Promise<void>;
}

/** The right to run a stage, as long as no one holds a higher fence. */
export interface Claim extends FenceCheck {
  readonly key: string;
  /** Increases with every holder of the key, and never repeats. */
  readonly fence: number;
  /** Aborted when the claim passed to another holder, or could not be renewed before its lease ended. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** A claim, or its current holder. */
export type ClaimOutcome = { readonly claim: Claim } | { readonly heldBy: ClaimRecord };

/** A ledger chain: of a stage, of an experiment, or of a nest of rows, which has the purchases of its rows. */
export type ChainId =
  { readonly stage: StageKey } | { readonly experiment: string } | { readonly nest: string };

/** A whole file. A new version replaces the old one in one step. */
export type RecordId =
  /** A workflow run's history, as Temporal's JSON, up to its last activity. */
  | { readonly history: string }
  /** The same history with the run's last events. */
  | { readonly completeHistory: string }
  /** The head that an experiment's last finished run anchored. */
  | { readonly anchor: string }
  /** Plain JSON, by the SHA-256 of its text. */
  | { readonly document: string }
  /** Workflow code, by its SHA-256. */
  | { readonly code: string };

/** A part of a store that a run's record consists of. */
export type StorePart = { readonly artifact: ArtifactId } | ChainId | RecordId;

/** Answers of a model on this host, by model and request. */
export interface StoredGenerations extends GenerationRecord {
  readonly key: string;
  /** Local path of generations.jsonl. */
  readonly path: string;
}

/** Rows of a finished generation job, and how they were generated. */
export type MadeGenerations = Omit<GenerationRecord, 'sha256'> & {
  /** Local path. */
  readonly rows: string;
};

/** A local folder in which an annotator keeps its answers. */
export interface AnnotationFolder {
  readonly dir: string;
  /** Stores the files that were written, for workers of other hosts. */
  readonly save: () => Promise<void>;
}

/** Lines of a chain as bytes. Only the holder of the chain's claim appends. */
export interface ChainRules {
  /** Every whole line, without its newline. */
  lines(): Promise<Buffer[]>;
  /** The last whole line; undefined if there is none. */
  last(): Promise<Buffer | undefined>;
  /** Appends the line that `next` makes, durably, after the fence check. */
  append(next: (last: Buffer | undefined) => Buffer, fence: FenceCheck): Promise<void>;
}

/** An implementation of the store, for {@link defineStore}. Workers of several processes use it at once. */
export interface StoreRules {
  /** Where the store is, for messages: a folder or an address. */
  readonly name: string;
  /** Creates what the store needs. @throws STORE_UNWRITABLE, DISK_FULL */
  prepare(): Promise<void>;
  /** A published artifact as a local folder; undefined if there is none of this format. Checks manifest and sizes: ARTIFACT_CORRUPT. */
  get(id: ArtifactId): Promise<StoredArtifact | undefined>;
  /** A published artifact, with every byte compared to its manifest: INPUT_MISSING, ARTIFACT_CORRUPT. */
  verify(id: ArtifactId): Promise<StoredArtifact>;
  /** Publishes a finished payload under the fence. The first publish wins; a later one adopts its artifact. CLAIM_LOST. */
  publish(request: PublishRequest, fence: FenceCheck): Promise<PublishedArtifact>;
  /** The published artifacts whose keys begin with `prefix`. */
  list(prefix: string): Promise<ArtifactId[]>;
  /** Takes the claim on a key, or returns its holder. `holder` is a name for people. */
  claim(key: string, holder: string): Promise<ClaimOutcome>;
  claimHolder(key: string): Promise<ClaimRecord | undefined>;
  chain(id: ChainId): ChainRules;
  /** Ids of the experiments that have a chain. */
  experiments(): Promise<string[]>;
  /** The bytes of a record; undefined if there is none. */
  read(record: RecordId): Promise<Buffer | undefined>;
  write(record: RecordId, data: string | Uint8Array): Promise<void>;
  /** Undefined if there are none, or if their bytes or their record have changed. */
  findGenerations(key: string): Promise<StoredGenerations | undefined>;
  /**
   * If jobs store answers of one key at once, the first one's stay and are returned to all. Changed ones are replaced.
   */
  storeGenerations(key: string, made: MadeGenerations): Promise<StoredGenerations>;
  /** Answers of one annotator or judge that were paid for. One holder of the claim on `key` at a time. */
  annotations(key: string): Promise<AnnotationFolder>;
  /** Name of a part within the store, for findings and messages: the same on every host. USAGE for an invalid id. */
  nameOf(part: StorePart): string;
  /**
   * Copies a part, if it is there, into a folder that {@link createFolderStore} can open, e.g. of a bundle.
   *
   * @returns paths of the files, relative to the folder, with forward slashes
   */
  copy(part: StorePart, folder: string): Promise<string[]>;
}

/** A hash chain of ledger lines. */
export interface Chain {
  /**
   * Appends a line under the fence of the stage's claim, or of the chain's lock.
   *
   * @returns the new head: the SHA-256 of the line
   * @throws BudgetlineError CLAIM_LOST, LEDGER_CORRUPT
   */
  append(entry: LedgerEntry, fence: FenceCheck): Promise<string>;
  /**
   * Every line, with the chain verified.
   *
   * @throws BudgetlineError LEDGER_CORRUPT with the first line that does not follow from the one before it
   */
  read(): Promise<LedgerLine[]>;
  /** SHA-256 of the last line; null if there is none. */
  head(): Promise<string | null>;
}

/** Artifacts, claims, ledgers and records that the workers of a run share. */
export interface Store extends Omit<StoreRules, 'chain'> {
  chain(id: ChainId): Chain;
  /** Where a part is, for messages. */
  placeOf(part: StorePart): string;
  /** Stores plain JSON; returns the SHA-256 of its text. */
  storeDocument(value: unknown): Promise<string>;
  /** INPUT_MISSING, ARTIFACT_CORRUPT. */
  readDocument(digest: string): Promise<unknown>;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

function linkedChain(rules: ChainRules, place: string): Chain {
  return {
    async append(entry, fence) {
      let head = '';
      await rules.append((before) => {
        const line = nextLine(place, before, entry);
        head = headAfter(line);
        return line;
      }, fence);
      return head;
    },
    read: async () => parseChain(place, await rules.lines()),
    async head() {
      const last = await rules.last();
      return last === undefined ? null : headAfter(last);
    },
  };
}

function parseDocument(bytes: Buffer | undefined, digest: string, path: string): unknown {
  if (bytes === undefined)
    throw new BudgetlineError('INPUT_MISSING', `The store has no document ${path}.`, { details: { path } });
  if (sha256(bytes) === digest) return JSON.parse(bytes.toString('utf8'));
  throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} does not hold what was written.`, {
    details: { path },
  });
}

type Rule = Exclude<keyof StoreRules, 'name'>;

/** Every rule. A record, so that a missing one does not compile. */
const ruleNames: Readonly<Record<Rule, true>> = {
  prepare: true,
  get: true,
  verify: true,
  publish: true,
  list: true,
  claim: true,
  claimHolder: true,
  chain: true,
  experiments: true,
  read: true,
  write: true,
  findGenerations: true,
  storeGenerations: true,
  annotations: true,
  nameOf: true,
  copy: true,
};

/** The rules as functions of their own: a class has them on its prototype, where a spread does not find them. */
function boundRules(rules: StoreRules): StoreRules {
  const bound = (Object.keys(ruleNames) as Rule[]).map((name) => [name, rules[name].bind(rules)]);
  return { name: rules.name, ...(Object.fromEntries(bound) as Omit<StoreRules, 'name'>) };
}

/** A store by its rules, an object or an instance of a class: adds the hash chains of ledgers, and documents by their digests. */
export function defineStore(rules: StoreRules): Store {
  const placeOf = (part: StorePart): string => `${rules.name}/${rules.nameOf(part)}`;
  return {
    ...boundRules(rules),
    placeOf,
    chain: (id) => linkedChain(rules.chain(id), placeOf(id)),
    async storeDocument(value) {
      const text = JSON.stringify(value);
      const digest = sha256(text);
      await rules.write({ document: digest }, text);
      return digest;
    },
    readDocument: async (digest) =>
      parseDocument(await rules.read({ document: digest }), digest, placeOf({ document: digest })),
  };
}
