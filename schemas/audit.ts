import { z } from 'zod';
import { sha256 } from './scalars';

/** bundle.json, the first file of a bundle: its subject and every other file. */
export const bundleIndex = z.strictObject({
  format: z.literal(1),
  experimentId: z.string().min(1),
  packageVersion: z.string(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256 })),
});
export type BundleIndex = z.infer<typeof bundleIndex>;

/** The anchored head of a workflow run, as its last activity wrote it into the store. */
export const anchorFile = z.strictObject({
  experimentId: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  head: sha256,
  lines: z.int().positive(),
  signature: z.strictObject({ publicKey: z.string(), signature: z.string() }).optional(),
});
export type AnchorFile = z.infer<typeof anchorFile>;

/** What `audit verify` can find, with the meaning. */
const table = {
  'bundle-file-missing': 'A file that bundle.json lists is not in the bundle.',
  'bundle-file-changed': 'A file of the bundle differs from what bundle.json lists.',
  'bundle-file-unlisted': 'The bundle holds a file that bundle.json does not list.',
  'chain-missing': 'A required chain has no line.',
  'chain-broken': 'A line of a chain does not follow from the line before it.',
  'chain-foreign': 'A chain holds lines of another experiment or stage.',
  'anchor-missing': 'No head was anchored: the run did not end, or its anchor was removed.',
  'anchor-invalid': 'The anchor’s file is unreadable, or belongs to another experiment.',
  'anchor-cut': 'The anchored head is not a line of the chain: earlier lines were changed or cut off.',
  'signature-missing': 'A trusted key was given, but the head is not signed.',
  'signature-invalid': 'The head’s signature does not match the key that it names.',
  'signature-untrusted': 'The head is signed with a key that is not trusted.',
  'stage-head': 'The experiment recorded a head of a stage’s chain that is not a line of that chain.',
  'attempt-contradiction': 'Attempts of a stage contradict each other: an end without a start, or two ends.',
  'artifact-missing': 'A stage that the experiment used has no artifact.',
  'artifact-file': 'A file of an artifact differs from its manifest.',
  'artifact-ledger': 'An artifact differs from the ledger.',
  'manifest-invalid': 'A manifest cannot be read, or contradicts itself.',
  'manifest-changed': 'A manifest differs from the ledger.',
  'key-contradiction': 'A stage’s key is not the digest of its spec, revision and inputs.',
  'lineage-broken': 'A stage was made from an input other than the artifact that is there.',
  'reference-mismatch':
    'A policy was trained against, or evaluated on, a reference other than the one in its lineage.',
  'evaluation-score': 'A score is not the mean of its items.',
  'evaluation-leak': 'An evaluation item is among the rows that its model was trained on.',
  'history-missing': 'A history that the ledger records is missing.',
  'history-changed': 'A history differs from the ledger.',
  'history-contradiction': 'History and ledger contradict each other.',
  'history-extended': 'The complete history does not continue the exported one.',
  'definition-changed':
    'The definition in the ledger differs from the one that the workflow was started with.',
  'result-contradiction': 'result.json contradicts the artifacts, the ledger, or what the workflow returned.',
  'report-contradiction':
    'A file of the report is missing, is not one of its files, or is not what its data give.',
  'payment-contradiction':
    'What an attempt paid is not the sum of its rows, labels, samples, verifier calls and bill, or has another price than the run.',
  'purchase-missing': 'Rows or labels were paid for or used, and no line of their purchase is there.',
  'rows-bought-twice': 'A row or a label was bought twice.',
  'spend-contradiction': 'The money in result.json is not what the attempts of the run paid.',
  'document-missing': 'A page of results that a large sweep stored is missing.',
  'document-changed': 'A page of results does not match its digest.',
  'code-missing': 'The workflow code that the histories name is missing.',
  'code-changed': 'The workflow code does not match the digest that the histories name.',
  'history-replay': 'The recorded workflow code, replayed, does not match the history.',
} as const;

export type FindingCode = keyof typeof table;

/** Every finding of `audit verify`: code → meaning. */
export const findingMeanings: Readonly<Record<FindingCode, string>> = table;

/** One finding. */
export interface Finding {
  readonly code: FindingCode;
  /** File, line or stage. */
  readonly where: string;
  readonly what: string;
}

export type CheckName =
  | 'files'
  | 'chains'
  | 'anchor'
  | 'attempts'
  | 'artifacts'
  | 'lineage'
  | 'reference'
  | 'evaluation'
  | 'histories'
  | 'results'
  | 'report'
  | 'money'
  | 'replay';

/** One check: passed, failed with its findings, or skipped with the reason. */
export interface Check {
  readonly name: CheckName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was checked, or why not. */
  readonly detail: string;
  readonly findings: readonly Finding[];
}

/** Result of `audit verify`. Checks after the first failed one are skipped. */
export interface Verification {
  readonly experimentId: string;
  /** No check found anything. */
  readonly passed: boolean;
  /** Whether every check ran. If not, the skipped ones might have found more. */
  readonly complete: boolean;
  readonly checks: readonly Check[];
}
