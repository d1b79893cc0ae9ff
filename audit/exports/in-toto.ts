import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { ArtifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../contracts/failures';
import type { ExportEvidence } from './evidence';

/** Kinds whose files are models, and so what somebody downloads and wants to trace. */
const models: ReadonlySet<string> = new Set(['trainSft', 'freezeReference', 'trainPreference']);

const folderOf = ({ kind, key }: ArtifactManifest): string => `${kind}-${key}`;

const filesOf = (manifest: ArtifactManifest): { name: string; digest: { sha256: string } }[] =>
  manifest.files.map(({ path, sha256 }) => ({
    name: `${folderOf(manifest)}/${path}`,
    digest: { sha256 },
  }));

/** The files of every model that the run itself made. */
function subjects({ story, manifests }: ExportEvidence): object[] {
  const own = [...manifests.values()].filter(({ made }) => made.experimentId === story.experimentId);
  const files = own.filter(({ kind }) => models.has(kind)).flatMap(filesOf);
  if (files.length > 0) return files;
  const makers = [...new Set([...manifests.values()].map(({ made }) => made.experimentId))].sort();
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${story.experimentId} made no model, so nothing can be attested.`,
    {
      remedy:
        makers.length === 0
          ? 'Export a run of which some training stage has finished.'
          : `Export the run that made what this one reused: ${makers.join(', ')}.`,
    },
  );
}

/** Data and base models, and models that another run made, each with whose it is. */
function dependencies({ story, manifests }: ExportEvidence): object[] {
  const outside = new Map<string, string>();
  for (const { inputs, inputDigests } of manifests.values())
    for (const [name, digest] of Object.entries(inputs))
      if (inputDigests[name] === digest) outside.set(digest, name);
  const files = [...manifests.values()].flatMap((manifest) => {
    const by = manifest.made.experimentId;
    if (by !== story.experimentId && manifest.kind !== 'evaluate')
      return filesOf(manifest).map((file) => ({ ...file, annotations: { madeBy: by } }));
    return manifest.kind === 'synthesizeData' ? filesOf(manifest) : [];
  });
  // A base model is named by the digest over its folder, which is no file's SHA-256, so it has a name of its own.
  const bases = [...outside].map(([digest, name]) => ({
    name,
    digest: { 'budgetline-folder-sha256': digest },
  }));
  return [...bases, ...files];
}

/** An in-toto Statement v1 with SLSA provenance v1: subjects are the files of every model that the run made. */
export function renderStatement(evidence: ExportEvidence): object {
  const { experimentId, openedAt, lastAt, definition, definitionDigest, anchor, state } = evidence.story;
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

/** What a DSSE signature is over: lengths stand before texts, so that no text can pass for another. */
function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
}

/** A statement in a DSSE envelope, signed with ed25519; the key's id is its SubjectPublicKeyInfo, base64. */
export function signStatement(statement: object, key: KeyObject): object {
  const payload = Buffer.from(JSON.stringify(statement));
  const keyid = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const sig = sign(null, preAuthEncoding(payload), key).toString('base64');
  return { payload: payload.toString('base64'), payloadType, signatures: [{ keyid, sig }] };
}
