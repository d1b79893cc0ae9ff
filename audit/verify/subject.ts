import type { CheckName, Finding, FindingCode } from '../../schemas/audit';
import type { ArtifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../core/failures';
import type { LedgerLine, LineOf } from '../../schemas/ledger';
import { kindOf, type RunKind } from '../../contracts/run-kind';
import type { StageKey } from '../../contracts/stage';
import { join, relative } from 'node:path';
import { reportFolder } from '../../host/home';
import type { ChainId, RecordId, Store, StorePart } from '../../store';
import type { WorkflowHistory } from '../history';
import { findArtifact, workflowTypeOf } from '../run-files';
import { exportedHistories, openingOf, readHistory, recordedStages } from '../run-records';

/** Replays a history with workflow code; throws if they do not match. */
export type Replayer = (run: {
  readonly events: readonly unknown[];
  readonly workflowId: string;
  /** Text of the workflow code. */
  readonly code: string;
}) => Promise<void>;

/** The report made again from its record and the artifacts. */
export interface RemadeReport {
  /** Folder of the files that are verified. */
  readonly folder: string;
  /** Folder of the same files, made again. */
  readonly remade: string;
  close(): Promise<void>;
}

/** Makes a run's report again, or says why this version cannot. */
export type ReportMaker = () => Promise<RemadeReport | { readonly skipped: string }>;

export interface VerifyOptions {
  readonly store: Store;
  /** BUDGETLINE_HOME, or an unpacked bundle: has the run's report. */
  readonly home: string;
  readonly experimentId: string;
  /** Public keys (base64 SubjectPublicKeyInfo). If given, the head must be signed by one of them. */
  readonly trustedKeys?: readonly string[];
  /** Also replay workflow code that is neither installed nor signed by a trusted key. */
  readonly trustCode?: boolean;
  /** SHA-256 of the installed workflow code. */
  readonly installedCode?: string;
  readonly replay?: Replayer;
  /** Makes the report again. Left out: there is no check of it. */
  readonly remakeReport?: ReportMaker;
  /** Result of comparing the bundle with its list of files. */
  readonly bundle?: { readonly files: number; readonly findings: readonly Finding[] };
}

/** Result of a check: what was checked, with findings if any; or why it was skipped. */
export type CheckResult =
  { readonly checked: string; readonly findings?: readonly Finding[] } | { readonly skipped: string };

export interface CheckSpec {
  readonly name: CheckName;
  readonly run: (subject: Subject) => Promise<CheckResult>;
}

export function finding(code: FindingCode, where: string, what: string): Finding {
  return { code, where, what };
}

/** An artifact's folder and manifest. */
export interface SubjectArtifact {
  readonly dir: string;
  readonly manifest: ArtifactManifest;
}

/** The run that is verified. Each of its files is read once. */
export class Subject {
  readonly #chains = new Map<string, Promise<LedgerLine[]>>();
  readonly #artifacts = new Map<StageKey, Promise<SubjectArtifact | undefined>>();
  readonly #histories = new Map<string, Promise<WorkflowHistory | undefined>>();

  constructor(readonly options: VerifyOptions) {}

  get store(): Store {
    return this.options.store;
  }

  get experimentId(): string {
    return this.options.experimentId;
  }

  get chainId(): ChainId {
    return { experiment: this.experimentId };
  }

  /** The experiment's chain. Throws LEDGER_CORRUPT. */
  experiment(): Promise<LedgerLine[]> {
    return this.#chain(this.chainId);
  }

  /** A stage's chain. Throws LEDGER_CORRUPT. */
  stage(key: StageKey): Promise<LedgerLine[]> {
    return this.#chain({ stage: key });
  }

  /** The purchases of a nest of rows. Throws LEDGER_CORRUPT. */
  nest(nest: string): Promise<LedgerLine[]> {
    return this.#chain({ nest });
  }

  #chain(id: ChainId): Promise<LedgerLine[]> {
    const name = this.nameOf(id);
    const known = this.#chains.get(name) ?? this.store.chain(id).read();
    this.#chains.set(name, known);
    return known;
  }

  /** What the run is; undefined without a chain. */
  async kind(): Promise<RunKind | undefined> {
    const opening = openingOf(await this.experiment());
    return opening && kindOf(workflowTypeOf(opening));
  }

  /** The definition that the experiment's chain records; empty without one. */
  async definition(): Promise<object> {
    return Object(openingOf(await this.experiment())?.definition) as object;
  }

  async records(): Promise<LineOf<'stage-recorded'>[]> {
    return recordedStages(await this.experiment());
  }

  async exported(): Promise<LineOf<'history-exported'>[]> {
    return exportedHistories(await this.experiment());
  }

  /** Does not check the bytes of the artifact. */
  artifact(key: StageKey | undefined): Promise<SubjectArtifact | undefined> {
    if (key === undefined) return Promise.resolve(undefined);
    const known = this.#artifacts.get(key) ?? this.#find(key);
    this.#artifacts.set(key, known);
    return known;
  }

  async #find(key: StageKey): Promise<SubjectArtifact | undefined> {
    const id = await findArtifact(this.store, key);
    return id === undefined ? undefined : this.store.get(id);
  }

  /** Every artifact of the experiment. */
  async artifacts(): Promise<SubjectArtifact[]> {
    const found = await Promise.all((await this.records()).map(({ stage }) => this.artifact(stage)));
    return found.filter((artifact) => artifact !== undefined);
  }

  /** Why checks of histories are skipped: they are encrypted, and keys are missing. */
  async sealedBy(): Promise<string | undefined> {
    const missing = new Set<string>();
    for (const { runId } of await this.exported())
      for (const history of [await this.history(runId), await this.#readableComplete(runId)])
        for (const name of history?.sealedWith ?? []) missing.add(`"${name}"`);
    return missing.size === 0
      ? undefined
      : `the histories are encrypted with ${[...missing].join(', ')}, which BUDGETLINE_PAYLOAD_KEYS does not have`;
  }

  /** A history as it was exported. Throws DATA_INVALID, INPUT_MISSING. */
  async history(runId: string): Promise<WorkflowHistory> {
    const found = await this.#history({ history: runId });
    if (found !== undefined) return found;
    const place = this.store.placeOf({ history: runId });
    throw new BudgetlineError('INPUT_MISSING', `There is no history ${place}.`);
  }

  /** The complete history of the same run; undefined if it was not stored. */
  completeHistory(runId: string): Promise<WorkflowHistory | undefined> {
    return this.#history({ completeHistory: runId });
  }

  /** An unreadable complete history is reported by the check of histories. */
  #readableComplete(runId: string): Promise<WorkflowHistory | undefined> {
    return this.completeHistory(runId).catch((error: unknown) => {
      if (error instanceof BudgetlineError && error.code === 'DATA_INVALID') return undefined;
      throw error;
    });
  }

  #history(id: RecordId): Promise<WorkflowHistory | undefined> {
    const name = this.nameOf(id);
    const known = this.#histories.get(name) ?? readHistory(this.store, id);
    this.#histories.set(name, known);
    return known;
  }

  /** Name of a part of the store, the same on every machine. */
  nameOf(part: StorePart): string {
    return this.store.nameOf(part);
  }

  /** The record of a finished sweep, in its report: its path, and its name, the same on every machine. */
  get resultFile(): { readonly path: string; readonly name: string } {
    const { home } = this.options;
    const path = join(reportFolder(home, this.experimentId), 'result.json');
    return { path, name: relative(home, path) };
  }

  /** Name of the report's folder, the same on every machine. */
  get reportName(): string {
    const { home } = this.options;
    return relative(home, reportFolder(home, this.experimentId));
  }

  /** The message of an error, with names within the store. */
  messageOf(error: BudgetlineError): string {
    return error.message.replaceAll(`${this.store.name}/`, '');
  }
}
