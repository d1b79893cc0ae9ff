import { createHash } from 'node:crypto';
import { type AuditedAttempt, type AuditedStage, isUnsuccessful } from '../../contracts/run-timeline';
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

/** A stable UUID for an attempt (RFC 9562, version 8), from stage key and fence. */
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

/** The owner of an input that another run made. That run's export has its attempts. */
function ownerOf(source: ArtifactManifest | undefined, { timeline }: ExportEvidence): object {
  const by = source?.made.experimentId ?? timeline.experimentId;
  if (by === timeline.experimentId) return {};
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
    eventType,
    eventTime,
    producer,
    schemaURL,
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

/** OpenLineage 2-0-2 run events as JSON Lines: start and end of each of the run's own attempts. */
export function renderOpenLineage(evidence: ExportEvidence): string {
  const events = evidence.timeline.stages.flatMap((stage) =>
    stage.attempts.flatMap((attempt) => eventsOf(stage, attempt, evidence)),
  );
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
