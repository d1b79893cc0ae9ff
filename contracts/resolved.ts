import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { UserRowsUse } from '../schemas/user-rows';
import type { CodeByRole } from './code';
import type { IdentifiedSource } from './provenance';

/** A base model as the planner sees it: the digest enters keys, the path is where this host has it. */
export interface ResolvedModel {
  readonly name: string;
  /** SHA-256 over the folder's payload files, hexadecimal. */
  readonly digest: string;
  readonly path: string;
  /** Weights, for the price of compute; left out where the files do not tell. */
  readonly parameters?: number;
  /** Words that it knows, which decide how its logits are made; left out where the files do not tell. */
  readonly vocabulary?: number;
}

/** External files of a task: name in the definition → path on this host and content digest. */
export type ResolvedFiles = Readonly<Record<string, { path: string; digest: string }>>;

/** Reference answers of files that the task's own check scores between 0 and 1. */
export interface PartialReferences {
  readonly count: number;
  readonly lowest: number;
}

/** A definition whose outside inputs are pinned by content; what workflows receive. */
export interface Resolved<Definition> {
  readonly definition: Definition;
  readonly model: ResolvedModel;
  readonly files: ResolvedFiles;
  /** Problems in the task's pool. */
  readonly poolRows: number;
  /** Rows of the task's files that are left out, by reason; left out itself where none is. */
  readonly excluded?: Readonly<Record<string, number>>;
  /** Reference answers of the task's files that score below 1; left out where there are none. */
  readonly partial?: PartialReferences;
  /** Usable rows of the definition's own files; left out where it names none. */
  readonly userRows?: Readonly<Partial<Record<UserRowsUse, number>>>;
  /** What annotator and judge are; left out where a name says it all, as of those that come with the package. */
  readonly annotator?: IdentifiedSource;
  readonly judge?: IdentifiedSource;
  /** The same of judges of tasks beside, by the names of these. */
  readonly auxiliaryJudges?: Readonly<Record<string, IdentifiedSource>>;
  /** The user's own code, by the names of question sets, that of the task that is tuned for being ''; left out where it is none. */
  readonly code?: Readonly<Record<string, CodeByRole>>;
  /** Tasks beside of whose test items some are like rows to train on, which are left out; left out where none is. */
  readonly heldOut?: readonly string[];
}
/** A definition's outside inputs without the definition. */
export type ResolvedInputs = Omit<Resolved<unknown>, 'definition'>;
export interface ResolvedSweep extends Resolved<SweepDefinition> {
  /** Of a sweep with axes: the outside inputs at each place on them, in the planner's order. */
  readonly variants?: readonly ResolvedInputs[];
}
export type ResolvedExperiment = Resolved<ExperimentDefinition>;
