import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { ArtifactManifest } from '../../contracts/artifact';
import type { ExportEvidence } from './evidence';

/** Kinds whose files are models, and so what somebody downloads and wants to trace. */
const models: ReadonlySet<string> = new Set(['trainSft', 'freezeReference', 'trainPreference']);

const folderOf = ({ kind, key }: ArtifactManifest): string => `${kind}-${key}`;

function subjects(manifests: Iterable<ArtifactManifest>): object[] {
  return [...manifests]
    .filter(({ kind }) => models.has(kind))
    .flatMap((manifest) =>
      manifest.files.map(({ path, sha256 }) => ({
        name: `${folderOf(manifest)}/${path}`,
        digest: { sha256 },
      })),
    );
}

function dependencies(manifests: Iterable<ArtifactManifest>): object[] {
  const outside = new Map<string, string>();
  for (const { inputs, inputDigests } of manifests)
    for (const [name, digest] of Object.entries(inputs))
      if (inputDigests[name] === digest) outside.set(digest, name);
  const files = [...manifests]
    .filter(({ kind }) => kind === 'synthesizeData')
    .flatMap((manifest) =>
      manifest.files.map(({ path, sha256 }) => ({
        name: `${folderOf(manifest)}/${path}`,
        digest: { sha256 },
      })),
    );
  // A base model is named by the digest over its folder, which is no file's SHA-256, so it goes by a name of its own.
  const bases = [...outside].map(([digest, name]) => ({
    name,
    digest: { 'budgetline-folder-sha256': digest },
  }));
  return [...bases, ...files];
}

/** An in-toto Statement v1 with SLSA provenance v1: subjects are the files of every model that the run made. */
export function renderStatement({ story, manifests }: ExportEvidence): object {
  const { experimentId, openedAt, lastAt, definition, definitionDigest, anchor } = story;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects(manifests.values()),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:budgetline:sweep:1',
        externalParameters: { definition },
        internalParameters: { experimentId, definitionDigest },
        resolvedDependencies: dependencies(manifests.values()),
      },
      runDetails: {
        builder: { id: 'urn:budgetline:worker' },
        metadata: { invocationId: experimentId, startedOn: openedAt, finishedOn: lastAt },
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
