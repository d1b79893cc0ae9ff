import { join } from 'node:path';
import type { Finding } from '../../schemas/audit';
import type { ArtifactManifest } from '../../schemas/artifact';
import { BudgetlineError } from '../../core/failures';
import type { LineOf } from '../../schemas/ledger';
import { digestOf } from '../../core/digest';
import { digestFile } from '../../store';
import { finding, type CheckResult, type Subject, type SubjectArtifact } from './subject';

async function checkBytes(subject: Subject, { kind, stage }: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const { store } = subject;
  const where = subject.nameOf({ artifact: { kind, key: stage } });
  try {
    await store.verify({ kind, key: stage });
    return [];
  } catch (error) {
    if (!(error instanceof BudgetlineError) || error.code === 'FORMAT_UNSUPPORTED') throw error;
    if (error.code === 'INPUT_MISSING') return [finding('artifact-missing', where, 'the folder is missing')];
    const { file } = error.details;
    if (typeof file === 'string')
      return [finding('artifact-file', `${where}/${file}`, subject.messageOf(error))];
    return [finding('manifest-invalid', where, subject.messageOf(error))];
  }
}

const manifestOf = (subject: Subject, artifact: ArtifactManifest): string =>
  `${subject.nameOf({ artifact })}/manifest.json`;

/** Digest of the manifest of the last attempt that published this artifact; null if the ledger does not have it. */
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
  const where = manifestOf(subject, manifest);
  if (keyOf(manifest) !== record.stage)
    return [
      finding('key-contradiction', where, `the key of its spec, revision and inputs is ${keyOf(manifest)}`),
    ];
  if (manifest.digest !== record.artifact)
    return [finding('artifact-ledger', where, `the experiment used ${record.artifact}`)];
  const [found, recorded] = [
    await digestFile(join(dir, 'manifest.json')),
    await recordedManifest(subject, record),
  ];
  if (recorded === null || recorded === found) return [];
  return [finding('manifest-changed', where, `its SHA-256 is ${found}, but the ledger has ${recorded}`)];
}

async function checkArtifact(subject: Subject, record: LineOf<'stage-recorded'>): Promise<Finding[]> {
  const bytes = await checkBytes(subject, record);
  if (bytes.length > 0) return bytes;
  const artifact = await subject.artifact(record.stage);
  return artifact === undefined ? [] : checkManifest(subject, record, artifact);
}

/** Every artifact has exactly the bytes that its manifest and the ledger record. */
export async function checkArtifacts(subject: Subject): Promise<CheckResult> {
  const records = await subject.records();
  const findings: Finding[] = [];
  for (const record of records) findings.push(...(await checkArtifact(subject, record)));
  return { checked: `${records.length} artifacts, byte for byte`, findings };
}

/** Checks the digest of an input as it was read. For external inputs the key is the digest. */
async function checkInput(subject: Subject, { manifest }: SubjectArtifact, name: string): Promise<Finding[]> {
  const [key = '', used] = [manifest.inputs[name], manifest.inputDigests[name]];
  const source = await subject.artifact(key);
  const expected = source?.manifest.digest ?? key;
  if (used === undefined || used === expected) return [];
  const what = `its input ${name} was ${used}, but the store has ${expected}`;
  return [finding('lineage-broken', manifestOf(subject, manifest), what)];
}

/** Every stage was made from the artifacts in the store. */
export async function checkLineage(subject: Subject): Promise<CheckResult> {
  const artifacts = await subject.artifacts();
  const inputs = artifacts.flatMap((artifact) =>
    Object.keys(artifact.manifest.inputs).map((name) => checkInput(subject, artifact, name)),
  );
  const findings = (await Promise.all(inputs)).flat();
  return { checked: `${inputs.length} inputs of ${artifacts.length} stages`, findings };
}

/** The model that an adapter was trained on, or that rows were sampled from. */
const modelOf = ({ inputs }: ArtifactManifest): string | undefined => inputs['reference'] ?? inputs['base'];

/** Whether a stage of `model` fits the frozen reference: it is the reference, or the base model that is frozen unchanged. */
function fits(model: string, { key, inputs }: ArtifactManifest): boolean {
  return model === key || (inputs['adapter'] === undefined && model === inputs['base']);
}

/** Compares the reference of a policy, or of an evaluation, with the one that was read and with that of what it reads. */
async function checkPolicy(
  subject: Subject,
  { manifest }: SubjectArtifact,
  isOwnPipeline: boolean,
): Promise<Finding[]> {
  const where = manifestOf(subject, manifest);
  const { reference, data, adapter } = manifest.inputs;
  const report = (what: string): Finding[] => [finding('reference-mismatch', where, what)];
  const frozen = await subject.artifact(reference);
  if (frozen?.manifest.makes !== 'model') return report('its reference is not frozen');
  const lines = (await subject.stage(manifest.key)).filter((line) => line.type === 'attempt-ended');
  const read = lines.at(-1)?.inputDigests?.['reference'];
  if (read !== undefined && read !== frozen.manifest.digest)
    return report(
      `the ledger records that ${read} was read, but the frozen reference is ${frozen.manifest.digest}`,
    );
  // A pipeline or workflow of the user may train on pairs of another model.
  const sampled = isOwnPipeline ? undefined : data;
  const other = await subject.artifact(manifest.makes === 'scores' ? adapter : sampled);
  const against = other && modelOf(other.manifest);
  if (other === undefined || against === undefined || fits(against, frozen.manifest)) return [];
  return report(
    `its reference is ${String(reference)}, but that of its ${other.manifest.title} is ${against}`,
  );
}

/** Whether a definition has a pipeline of the user, for all cells or at a place on its axes. */
function hasOwnPipeline(definition: object): boolean {
  const { axes = {} } = definition as { readonly axes?: Readonly<Record<string, object>> };
  const places: unknown[] = Object.values(axes).flatMap((axis) => Object.values(axis) as unknown[]);
  return [definition, ...places].some((fields) => Object.hasOwn(Object(fields) as object, 'pipeline'));
}

/**
 * Every policy was trained against its frozen reference, and is evaluated on top of the same reference. In the built-in
 * pipeline its pairs were sampled from that reference too.
 */
export async function checkReferences(subject: Subject): Promise<CheckResult> {
  const artifacts = await subject.artifacts();
  const policies = artifacts.filter(
    ({ manifest: { makes, inputs } }) =>
      makes === 'scores' || (makes === 'adapter' && inputs['reference'] !== undefined),
  );
  const isOwnPipeline = (await subject.kind()) === 'workflow' || hasOwnPipeline(await subject.definition());
  const checks = policies.map((policy) => checkPolicy(subject, policy, isOwnPipeline));
  const findings = (await Promise.all(checks)).flat();
  return { checked: `${policies.length} policies and evaluations`, findings };
}
