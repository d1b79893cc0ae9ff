import { join } from 'node:path';
import type { Finding } from '../../schemas/audit';
import type { ArtifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../contracts/failures';
import type { LineOf } from '../../schemas/ledger';
import { digestOf } from '../../planning';
import { digestFile } from '../../store';
import { finding, type CheckResult, type Subject, type SubjectArtifact } from './subject';

async function checkBytes(subject: Subject, { kind, stage }: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const { store } = subject;
  const where = subject.nameOf(store.paths.artifact({ kind, key: stage }));
  try {
    await store.verifyArtifact({ kind, key: stage });
    return [];
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    if (error.code === 'INPUT_MISSING')
      return [finding('artifact-missing', where, 'there is no such folder')];
    const { file } = error.details;
    if (typeof file === 'string') return [finding('artifact-file', `${where}/${file}`, subject.told(error))];
    return [finding('manifest-invalid', where, subject.told(error))];
  }
}

/** The manifest that the last attempt which published this artifact left; null where the ledger does not say. */
async function recordedManifest(subject: Subject, record: LineOf<'stage-recorded'>): Promise<string | null> {
  const lines = await subject.stage(record.stage);
  const published = lines.filter(
    (line) => line.type === 'attempt-ended' && line.artifact === record.artifact,
  ) as LineOf<'attempt-ended'>[];
  return published.at(-1)?.manifestDigest ?? null;
}

function keyOf({ spec, revision, inputs }: ArtifactManifest): string {
  return digestOf({ spec, revision, inputs });
}

async function checkManifest(
  subject: Subject,
  record: LineOf<'stage-recorded'>,
  { dir, manifest }: SubjectArtifact,
): Promise<Finding[]> {
  const where = `${subject.nameOf(dir)}/manifest.json`;
  if (keyOf(manifest) !== record.stage)
    return [finding('key-contradiction', where, `its spec, revision and inputs give ${keyOf(manifest)}`)];
  if (manifest.digest !== record.artifact)
    return [finding('artifact-ledger', where, `the experiment used ${record.artifact}`)];
  const [found, recorded] = [
    await digestFile(join(dir, 'manifest.json')),
    await recordedManifest(subject, record),
  ];
  if (recorded === null || recorded === found) return [];
  return [finding('manifest-changed', where, `its SHA-256 is ${found}, and the ledger has ${recorded}`)];
}

async function checkArtifact(subject: Subject, record: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const bytes = await checkBytes(subject, record);
  if (bytes.length > 0) return bytes;
  const artifact = await subject.artifact(record.stage);
  return artifact === undefined ? [] : checkManifest(subject, record, artifact);
}

/** Every byte of every artifact is the one that its manifest and the ledger record. */
export async function checkArtifacts(subject: Subject): Promise<CheckResult> {
  const records = await subject.records();
  const findings: Finding[] = [];
  for (const record of records) findings.push(...(await checkArtifact(subject, record)));
  return { checked: `${records.length} artifacts, byte for byte`, findings };
}

/** What was really read under a name; null for inputs from outside, whose digest is in the key. */
async function checkInput(
  subject: Subject,
  { dir, manifest }: SubjectArtifact,
  name: string,
): Promise<Finding[]> {
  const [key = '', used] = [manifest.inputs[name], manifest.inputDigests[name]];
  const source = await subject.artifact(key);
  const expected = source?.manifest.digest ?? key;
  if (used === undefined || used === expected) return [];
  const what = `its ${name} was ${used}, and what lies there is ${expected}`;
  return [finding('lineage-broken', `${subject.nameOf(dir)}/manifest.json`, what)];
}

/** Every stage was made from the artifacts that are there. */
export async function checkLineage(subject: Subject): Promise<CheckResult> {
  const artifacts = await subject.artifacts();
  const inputs = artifacts.flatMap((artifact) =>
    Object.keys(artifact.manifest.inputs).map((name) => checkInput(subject, artifact, name)),
  );
  const findings = (await Promise.all(inputs)).flat();
  return { checked: `${inputs.length} inputs of ${artifacts.length} stages`, findings };
}

/** The job digests of a policy's training name its reference through the digest of what was read. */
async function checkPolicy(subject: Subject, { dir, manifest }: SubjectArtifact): Promise<Finding[]> {
  const where = `${subject.nameOf(dir)}/manifest.json`;
  const { reference, data, adapter } = manifest.inputs;
  const tell = (what: string): Finding[] => [finding('reference-mismatch', where, what)];
  const frozen = await subject.artifact(reference);
  if (frozen?.manifest.kind !== 'freezeReference') return tell('its reference is no frozen one');
  const lines = (await subject.stage(manifest.key)).filter((line) => line.type === 'attempt-ended');
  const read = lines.at(-1)?.inputDigests?.['reference'];
  if (read !== undefined && read !== frozen.manifest.digest)
    return tell(
      `the ledger says that ${read} was read, and the frozen reference is ${frozen.manifest.digest}`,
    );
  const other = await subject.artifact(manifest.kind === 'evaluate' ? adapter : data);
  const against = other?.manifest.inputs['reference'] ?? other?.manifest.inputs['base'];
  if (other === undefined || against === undefined || against === reference) return [];
  return tell(`its reference is ${String(reference)}, and that of its ${other.manifest.title} is ${against}`);
}

/**
 * A policy was trained against the reference that was frozen for it, on pairs of that reference's own samples, and is
 * evaluated on top of the same.
 */
export async function checkReferences(subject: Subject): Promise<CheckResult> {
  const artifacts = await subject.artifacts();
  const policies = artifacts.filter(
    ({ manifest: { kind } }) => kind === 'trainPreference' || kind === 'evaluate',
  );
  const findings = (await Promise.all(policies.map((policy) => checkPolicy(subject, policy)))).flat();
  return { checked: `${policies.length} policies and evaluations`, findings };
}
