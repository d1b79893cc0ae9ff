import { createHash } from 'node:crypto';
import { type AuditedAttempt, type AuditedStage, isUnsuccessful } from '../../contracts/audit-story';
import type { ArtifactManifest } from '../../schemas/artifact';
import type { ExportEvidence } from './evidence';

const namespace = 'budgetline';
const producer = 'urn:budgetline';
const schemaURL = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';
const facet = (name: string, version: string, body: object): object => ({
  _producer: producer,
  _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
  ...body,
});

/** A UUID for an attempt that is the same in every export: RFC 9562's version 8, from the attempt's own names. */
function runIdOf({ key }: AuditedStage, { fence }: AuditedAttempt): string {
  const bytes = createHash('sha256').update(`${key} ${fence}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const dataset = (kind: string, key: string, version: string, facets: object = {}): object => ({
  namespace,
  name: `${kind}-${key}`,
  facets: { version: facet('DatasetVersionDatasetFacet', '1-0-1', { datasetVersion: version }), ...facets },
});

/** An input that another run made says whose it is; its attempts are in that run's own export. */
function ownerOf(source: ArtifactManifest | undefined, { story }: ExportEvidence): object {
  const by = source?.made.experimentId ?? story.experimentId;
  if (by === story.experimentId) return {};
  return { ownership: facet('OwnershipDatasetFacet', '1-0-1', { owners: [{ name: by, type: 'SWEEP' }] }) };
}

function inputsOf(manifest: ArtifactManifest, evidence: ExportEvidence): object[] {
  return Object.entries(manifest.inputs).map(([name, key]) => {
    const source = evidence.manifests.get(key);
    const version = source?.digest ?? manifest.inputDigests[name] ?? key;
    return dataset(source?.kind ?? name, key, version, ownerOf(source, evidence));
  });
}

const endings: Readonly<Record<AuditedAttempt['outcome'], string | null>> = {
  published: 'COMPLETE',
  answered: 'COMPLETE',
  failed: 'FAIL',
  lost: 'FAIL',
  yielded: 'ABORT',
  cancelled: 'ABORT',
  open: null,
};

function failureFacet(attempt: AuditedAttempt): object {
  if (!isUnsuccessful(attempt)) return {};
  const { outcome, code, message } = attempt;
  const body = { message: `${code ?? outcome}: ${message ?? ''}`, programmingLanguage: 'JavaScript' };
  return { errorMessage: facet('ErrorMessageRunFacet', '1-0-1', body) };
}

function eventsOf(stage: AuditedStage, attempt: AuditedAttempt, evidence: ExportEvidence): object[] {
  const manifest = evidence.manifests.get(stage.key);
  const { kind, key, artifact } = stage;
  const output = manifest === undefined || artifact === null ? [] : [dataset(kind, key, artifact)];
  const event = (eventType: string, eventTime: string, facets: object, outputs: object[]): object => ({
    ...{ eventType, eventTime, producer, schemaURL },
    run: { runId: runIdOf(stage, attempt), facets },
    job: { namespace, name: stage.kind, facets: {} },
    inputs: manifest === undefined ? [] : inputsOf(manifest, evidence),
    outputs,
  });
  const ending = endings[attempt.outcome];
  const start = event('START', attempt.startedAt, {}, []);
  if (ending === null || attempt.endedAt === null) return [start];
  const made = attempt.outcome === 'published' ? output : [];
  return [start, event(ending, attempt.endedAt, failureFacet(attempt), made)];
}

/** OpenLineage run events, version 2-0-2: two for each of the run's own attempts, one a line. */
export function renderOpenLineage(evidence: ExportEvidence): string {
  const events = evidence.story.stages.flatMap((stage) =>
    stage.attempts.flatMap((attempt) => eventsOf(stage, attempt, evidence)),
  );
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
