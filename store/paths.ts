import { join, resolve } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { isName, nameRule } from '../contracts/names';
import { stageKinds, type StageKey } from '../contracts/stage';

/** Identifies an artifact: its stage's kind and key. */
export interface ArtifactId {
  readonly kind: string;
  readonly key: StageKey;
}

/** Paths below one BUDGETLINE_HOME. */
export interface StorePaths {
  readonly home: string;
  readonly artifacts: string;
  artifact(id: ArtifactId): string;
  /** Claims of one key: one file per fence. */
  claims(key: StageKey): string;
  /** Run folder of a stage: job.json, checkpoints, events.jsonl, stderr.log. */
  run(key: StageKey): string;
  /** Answers of a model, keyed by model and request. */
  generations(key: string): string;
  /** Plain JSON, by the SHA-256 of its text. */
  document(digest: string): string;
  stageLedger(key: StageKey): string;
  experimentLedger(experimentId: string): string;
  /** A workflow run's history, as Temporal's JSON. */
  history(runId: string): string;
  /** The same history with the run's last events, which come after its last activity. */
  completeHistory(runId: string): string;
  /** The head that an experiment's last finished run anchored. */
  anchor(experimentId: string): string;
  /** Workflow code, by its SHA-256. */
  code(digest: string): string;
  report(sweepId: string): string;
  temporal(serverVersion: string): string;
}

/** Keys must not lead out of the store: they are 64 hexadecimal digits. */
function validKey(key: string): string {
  if (!/^[0-9a-f]{64}$/.test(key))
    throw new BudgetlineError('USAGE', `"${key}" is not a stage key: keys are 64 hexadecimal digits.`);
  return key;
}

function validKind(kind: string): string {
  if (!(stageKinds as readonly string[]).includes(kind))
    throw new BudgetlineError(
      'USAGE',
      `"${kind}" is not a stage kind; the kinds are ${stageKinds.join(', ')}.`,
    );
  return kind;
}

function validName(name: string): string {
  if (!isName(name)) throw new BudgetlineError('USAGE', `"${name}" cannot name a file: use ${nameRule()}.`);
  return name;
}

/** The layout below a home folder. Creates nothing. */
export function storePaths(homeDir: string): StorePaths {
  const home = resolve(homeDir);
  const store = join(home, 'store');
  const artifacts = join(store, 'artifacts');
  return {
    home,
    artifacts,
    artifact: ({ kind, key }) => join(artifacts, `${validKind(kind)}-${validKey(key)}`),
    claims: (key) => join(store, 'claims', validKey(key)),
    run: (key) => join(store, 'runs', validKey(key)),
    generations: (key) => join(store, 'generations', validKey(key)),
    document: (digest) => join(store, 'documents', `${validKey(digest)}.json`),
    stageLedger: (key) => join(store, 'ledger', 'stages', `${validKey(key)}.jsonl`),
    experimentLedger: (id) => join(store, 'ledger', 'experiments', `${validName(id)}.jsonl`),
    history: (runId) => join(store, 'histories', `${validName(runId)}.json`),
    completeHistory: (runId) => join(store, 'histories', `${validName(runId)}.complete.json`),
    anchor: (id) => join(store, 'anchors', `${validName(id)}.json`),
    code: (digest) => join(store, 'code', `${validKey(digest)}.js`),
    report: (sweepId) => join(home, 'reports', validName(sweepId)),
    temporal: (version) => join(home, 'temporal', validName(version)),
  };
}
