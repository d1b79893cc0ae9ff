import { z } from 'zod';

const hex = z.string().regex(/^[0-9a-f]{64}$/);

/** bundle.json, the first file of a bundle: what it is about, and every other file of it. */
export const bundleIndex = z.strictObject({
  format: z.literal(1),
  experimentId: z.string().min(1),
  packageVersion: z.string(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256: hex })),
});
export type BundleIndex = z.infer<typeof bundleIndex>;

/** The head that a workflow run anchored in its result, as its last activity wrote it down in the store. */
export const anchorFile = z.strictObject({
  experimentId: z.string(),
  workflowId: z.string(),
  runId: z.string(),
  head: hex,
  lines: z.int().positive(),
  signature: z.strictObject({ publicKey: z.string(), signature: z.string() }).optional(),
});
export type AnchorFile = z.infer<typeof anchorFile>;

/** What `audit verify` can find wrong, each with what it means. */
const table = {
  'bundle-file-missing': 'A file that bundle.json lists is not in the bundle.',
  'bundle-file-changed': 'A file of the bundle has other bytes than bundle.json lists.',
  'bundle-file-unlisted': 'The bundle holds a file that bundle.json does not list.',
  'chain-missing': 'A chain that should be there has no line.',
  'chain-broken': 'A line of a chain does not follow from the line before it.',
  'chain-foreign': 'A chain holds lines of another experiment or stage.',
  'anchor-missing': 'No head was anchored: the run did not end, or its anchor was taken away.',
  'anchor-invalid': 'The anchor’s file cannot be read, or is another experiment’s.',
  'anchor-cut': 'The anchored head is no line of the chain: lines before it were changed or cut off.',
  'signature-missing': 'A trusted key was named, and the head is not signed.',
  'signature-invalid': 'The head’s signature is not that of the key which it names.',
  'signature-untrusted': 'The head is signed by a key that is not among the trusted ones.',
  'stage-head': 'The experiment recorded a head of a stage’s chain that is no line of that chain.',
  'attempt-contradiction':
    'Attempts of a stage contradict each other: an ending without a beginning, or two.',
  'artifact-missing': 'A stage that the experiment used has no artifact.',
  'artifact-file': 'A file of an artifact is not the one that its manifest records.',
  'artifact-ledger': 'An artifact is not the one that the ledger records.',
  'manifest-invalid': 'A manifest cannot be read, or contradicts itself.',
  'manifest-changed': 'A manifest has other bytes than the ledger records.',
  'key-contradiction': 'A stage’s key is not the digest of its spec, revision and inputs.',
  'lineage-broken': 'A stage was made from another input than the one whose artifact is there.',
  'reference-mismatch':
    'A policy was trained against, or is evaluated on, another reference than its lineage says.',
  'evaluation-score': 'A score is not the mean of its items.',
  'evaluation-leak': 'An evaluation item is among the rows that its model was trained on.',
  'history-missing': 'A history that the ledger records is not there.',
  'history-changed': 'A history has other bytes than the ledger records.',
  'history-contradiction': 'History and ledger tell different things.',
  'history-extended': 'The complete history does not go on from the exported one.',
  'definition-changed': 'The definition in the ledger is not the one that the workflow was started with.',
  'result-contradiction': 'result.json says something else than the artifacts.',
  'document-missing': 'A page of results that a long sweep put into the store is not there.',
  'document-changed': 'A page of results has another text than the one that its digest names.',
  'code-missing': 'The workflow code that the histories name is not there.',
  'code-changed': 'The workflow code is not that whose digest the histories name.',
  'history-replay': 'The recorded workflow code, replayed, asks for something else than the history holds.',
} as const;

export type FindingCode = keyof typeof table;

/** Every finding of `audit verify`: code → meaning. */
export const findingMeanings: Readonly<Record<FindingCode, string>> = table;

/** One thing that is wrong. */
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
  | 'replay';

/** One kind of check: passed, failed with what it found, left out with the reason. */
export interface Check {
  readonly name: CheckName;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was checked, or why not. */
  readonly detail: string;
  readonly findings: readonly Finding[];
}

/** What `audit verify` says; checks behind the first failed one are not made. */
export interface Verification {
  readonly experimentId: string;
  /** No check found anything. */
  readonly passed: boolean;
  /** Every check was made: where not, nothing is said of what the others would have found. */
  readonly complete: boolean;
  readonly checks: readonly Check[];
}
