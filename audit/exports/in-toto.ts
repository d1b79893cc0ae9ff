import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { ArtifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../core/failures';
import type { Makes } from '../../contracts/stage';
import type { ExportEvidence } from './evidence';

/** What stages make whose files are models. */
const models: ReadonlySet<string> = new Set<Makes>(['adapter', 'model']);

const folderOf = ({ kind, key }: ArtifactManifest): string => `${kind}-${key}`;

const filesOf = (manifest: ArtifactManifest): { name: string; digest: { sha256: string } }[] =>
  manifest.files.map(({ path, sha256 }) => ({
    name: `${folderOf(manifest)}/${path}`,
    digest: { sha256 },
  }));

/** Files of every model that the run itself made. */
function subjects({ timeline, manifests }: ExportEvidence): object[] {
  const own = [...manifests.values()].filter(({ made }) => made.experimentId === timeline.experimentId);
  const files = own.filter(({ makes }) => models.has(makes)).flatMap(filesOf);
  if (files.length > 0) return files;
  const makers = [...new Set([...manifests.values()].map(({ made }) => made.experimentId))].sort();
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${timeline.experimentId} made no model, so there is nothing to attest.`,
    {
      remedy:
        makers.length === 0
          ? 'Export a run with a finished training stage.'
          : `Export the run that made the reused models: ${makers.join(', ')}.`,
    },
  );
}

/** Base models and data; models of other runs are annotated with the run that made them. */
function dependencies({ timeline, manifests }: ExportEvidence): object[] {
  const outside = new Map<string, string>();
  for (const { inputs, inputDigests } of manifests.values())
    for (const [name, digest] of Object.entries(inputs))
      if (inputDigests[name] === digest) outside.set(digest, name);
  const files = [...manifests.values()].flatMap((manifest) => {
    const by = manifest.made.experimentId;
    if (by !== timeline.experimentId && manifest.makes !== 'scores')
      return filesOf(manifest).map((file) => ({ ...file, annotations: { madeBy: by } }));
    return manifest.makes === 'rows' ? filesOf(manifest) : [];
  });
  // A base model's digest covers its folder. It is not the SHA-256 of a file, so it has its own algorithm name.
  const bases = [...outside].map(([digest, name]) => ({
    name,
    digest: { 'budgetline-folder-sha256': digest },
  }));
  return [...bases, ...files];
}

/** An in-toto Statement v1 with SLSA provenance v1. Its subjects are the files of every model that the run made. */
export function renderStatement(evidence: ExportEvidence): object {
  const { experimentId, openedAt, lastAt, definition, definitionDigest, anchor, state } = evidence.timeline;
  const finished = state.is === 'running' ? {} : { finishedOn: lastAt };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects(evidence),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:budgetline:sweep:1',
        externalParameters: { definition },
        internalParameters: { experimentId, definitionDigest },
        resolvedDependencies: dependencies(evidence),
      },
      runDetails: {
        builder: { id: 'urn:budgetline:worker' },
        metadata: { invocationId: experimentId, startedOn: openedAt, ...finished },
        byproducts: anchor === null ? [] : [{ name: 'ledger head', digest: { sha256: anchor.head } }],
      },
    },
  };
}

const payloadType = 'application/vnd.in-toto+json';

/** DSSE pre-authentication encoding: the bytes that are signed. */
function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
}

/** Signs a statement with ed25519, in a DSSE envelope. The key id is the SubjectPublicKeyInfo in base64. */
export function signStatement(statement: object, key: KeyObject): object {
  const payload = Buffer.from(JSON.stringify(statement));
  const keyid = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const sig = sign(null, preAuthEncoding(payload), key).toString('base64');
  return { payload: payload.toString('base64'), payloadType, signatures: [{ keyid, sig }] };
}
