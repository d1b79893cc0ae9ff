import {
  type AuditedAttempt,
  type AuditedStage,
  type RunTimeline,
  isUnsuccessful,
} from '../../contracts/run-timeline';
import type { ArtifactManifest } from '../../schemas/artifact';
import { orderKinds, rulesOf, stageKinds } from '../../stages';
import { nameInFolder } from '../../store';
import type { ExportEvidence } from './evidence';

/** An entity of the crate's graph. */
export type CrateEntity = Readonly<Record<string, unknown>> & { readonly '@id': string };
interface Reference {
  readonly '@id': string;
}

const refer = (id: string): Reference => ({ '@id': id });
const profiles = [
  ['https://w3id.org/ro/wfrun/process/0.5', 'Process Run Crate', '0.5'],
  ['https://w3id.org/ro/wfrun/workflow/0.5', 'Workflow Run Crate', '0.5'],
  ['https://w3id.org/ro/wfrun/provenance/0.5', 'Provenance Run Crate', '0.5'],
  ['https://w3id.org/workflowhub/workflow-ro-crate/1.0', 'Workflow RO-Crate', '1.0'],
] as const;

const toolId = (kind: string): string => `#tool-${kind}`;
const stepId = (kind: string): string => `#step-${kind}`;
const folderOf = (kind: string, key: string): string => `${nameInFolder({ artifact: { kind, key } })}/`;
const actorId = (actor: string): string => `#actor-${encodeURIComponent(actor)}`;
const attemptId = ({ key }: AuditedStage, { fence }: AuditedAttempt): string => `#attempt-${key}-${fence}`;

/** Files of a crate, apart from the metadata. */
export interface CrateFiles {
  /** Paths relative to the crate's folder. */
  readonly paths: readonly string[];
  /** Path of the workflow code; null if the run did not record it. */
  readonly workflow: string | null;
  readonly packageVersion: string;
}

const encodings: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  js: 'text/javascript',
  html: 'text/html',
  svg: 'image/svg+xml',
};

type PayloadFile = ArtifactManifest['files'][number];

/** Files of artifacts, by their paths in the crate. */
function payloadFiles({ manifests }: ExportEvidence): Map<string, PayloadFile> {
  return new Map(
    [...manifests.values()].flatMap(({ kind, key, files }) =>
      files.map((file) => [folderOf(kind, key) + file.path, file] as const),
    ),
  );
}

function fileEntity(path: string, file: PayloadFile | undefined): CrateEntity {
  const known = file === undefined ? {} : { contentSize: String(file.bytes), sha256: file.sha256 };
  const encodingFormat = encodings[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { '@id': path, '@type': 'File', name: path.split('/').at(-1), encodingFormat, ...known };
}

/** Stages whose folders are in the crate. Cancelled and failed stages have none. */
const finished = ({ stages }: ExportEvidence['timeline']): AuditedStage[] =>
  stages.filter(({ artifact }) => artifact !== null);

const sweepId = (experimentId: string): string => `#sweep-${encodeURIComponent(experimentId)}`;

/** The folder of a stage's artifact, with the sweep that made it if it was reused. */
function datasetEntity(
  { kind, key, title, state, madeBy }: AuditedStage,
  paths: readonly string[],
): CrateEntity {
  const id = folderOf(kind, key);
  const parts = paths.filter((path) => path.startsWith(id)).map(refer);
  const by = state === 'reused' ? madeBy : null;
  const reused = by === null ? {} : { isBasedOn: refer(sweepId(by)) };
  const description = `${title} (${kind})${by === null ? '' : `, made by ${by} and reused`}`;
  return { '@id': id, '@type': 'Dataset', name: title, description, hasPart: parts, ...reused };
}

/** Runs whose artifacts this one reused. Their own exports have their attempts. */
function otherSweeps({ stages }: ExportEvidence['timeline']): CrateEntity[] {
  const makers = stages.flatMap(({ state, madeBy }) => (state === 'reused' ? (madeBy ?? []) : []));
  return [...new Set(makers)].map((by) => ({
    '@id': sweepId(by),
    '@type': 'CreativeWork',
    name: by,
    description: 'Another run in the same store, whose artifacts this run reused.',
  }));
}

/** schema.org has no status for cancelled actions: they are failed, with the reason in `error`. */
const statuses: Readonly<Record<AuditedAttempt['outcome'] | RunTimeline['state']['is'], string>> = {
  running: 'http://schema.org/ActiveActionStatus',
  completed: 'http://schema.org/CompletedActionStatus',
  published: 'http://schema.org/CompletedActionStatus',
  answered: 'http://schema.org/CompletedActionStatus',
  failed: 'http://schema.org/FailedActionStatus',
  lost: 'http://schema.org/FailedActionStatus',
  yielded: 'http://schema.org/FailedActionStatus',
  cancelled: 'http://schema.org/FailedActionStatus',
  open: 'http://schema.org/ActiveActionStatus',
};

const errorOf = ({ code, outcome, message }: AuditedAttempt): string =>
  `${code ?? outcome}${message === null ? '' : `: ${message}`}`;

function attemptEntity(
  stage: AuditedStage,
  attempt: AuditedAttempt,
  { manifests }: ExportEvidence,
): CrateEntity {
  const { outcome, startedAt, endedAt, actor } = attempt;
  const inputs = Object.values(manifests.get(stage.key)?.inputs ?? {});
  const objects = inputs.flatMap((key) => {
    const source = manifests.get(key);
    return source === undefined ? [] : [refer(folderOf(source.kind, key))];
  });
  const made = outcome === 'published';
  return {
    '@id': attemptId(stage, attempt),
    '@type': 'CreateAction',
    name: `${stage.title}, attempt ${attempt.attempt}`,
    instrument: refer(toolId(stage.kind)),
    agent: refer(actorId(actor)),
    startTime: startedAt,
    endTime: endedAt ?? undefined,
    actionStatus: refer(statuses[outcome]),
    object: objects.length === 0 ? undefined : objects,
    result: made ? [refer(folderOf(stage.kind, stage.key))] : undefined,
    error: isUnsuccessful(attempt) ? errorOf(attempt) : undefined,
  };
}

/** The execution of a workflow step, linked to its attempts. */
function controlEntity(stage: AuditedStage): CrateEntity {
  return {
    '@id': `#control-${stage.key}`,
    '@type': 'ControlAction',
    name: `orchestrates ${stage.title}`,
    instrument: refer(stepId(stage.kind)),
    object: stage.attempts.map((attempt) => refer(attemptId(stage, attempt))),
  };
}

function planEntities({ timeline }: ExportEvidence, { workflow, packageVersion }: CrateFiles): CrateEntity[] {
  const kinds = orderKinds([...Object.keys(stageKinds), ...timeline.stages.map(({ kind }) => kind)]);
  const about = { '@type': 'SoftwareApplication', softwareVersion: packageVersion };
  return [
    {
      '@id': workflow ?? '#workflow',
      '@type': [
        ...(workflow === null ? [] : ['File']),
        'SoftwareSourceCode',
        'ComputationalWorkflow',
        'HowTo',
      ],
      name: 'allocationSweep',
      programmingLanguage: refer('#language'),
      hasPart: kinds.map((kind) => refer(toolId(kind))),
      step: kinds.map((kind) => refer(stepId(kind))),
    },
    {
      '@id': '#language',
      '@type': 'ComputerLanguage',
      name: 'JavaScript',
      alternateName: 'JavaScript, as a Temporal workflow',
      identifier: refer('https://docs.temporal.io/develop/typescript'),
      url: refer('https://docs.temporal.io/develop/typescript'),
    },
    { '@id': '#engine', ...about, name: 'Budgetline on Temporal', url: refer('https://temporal.io') },
    ...kinds.map((kind) => ({
      '@id': toolId(kind),
      ...about,
      name: kind,
      description: rulesOf(kind)?.does ?? 'Stage kind of the user',
    })),
    ...kinds.map((kind, index) => ({
      '@id': stepId(kind),
      '@type': 'HowToStep',
      name: kind,
      position: String(index + 1),
      workExample: refer(toolId(kind)),
    })),
  ];
}

function runEntities(evidence: ExportEvidence, { workflow }: CrateFiles): CrateEntity[] {
  const { experimentId, openedAt, openedBy, lastAt, stages, definition, state } = evidence.timeline;
  const own = stages.filter(({ attempts }) => attempts.length > 0);
  const results = finished(evidence.timeline)
    .filter(({ key }) => evidence.manifests.get(key)?.makes === 'scores')
    .map(({ kind, key }) => refer(folderOf(kind, key)));
  const common = {
    startTime: openedAt,
    endTime: state.is === 'running' ? undefined : lastAt,
    agent: refer(actorId(openedBy)),
    actionStatus: refer(statuses[state.is]),
    error: state.reason ?? undefined,
  };
  return [
    {
      '@id': '#organize',
      '@type': 'OrganizeAction',
      name: `Run of ${experimentId} by Temporal`,
      ...common,
      instrument: refer('#engine'),
      object: own.map(({ key }) => refer(`#control-${key}`)),
      result: refer('#run'),
    },
    {
      '@id': '#run',
      '@type': 'CreateAction',
      name: `Run of ${experimentId}`,
      ...common,
      instrument: refer(workflow ?? '#workflow'),
      object: [refer('#definition')],
      result: results,
    },
    {
      '@id': '#definition',
      '@type': 'PropertyValue',
      name: 'definition',
      value: JSON.stringify(definition),
    },
  ];
}

function people({ timeline }: ExportEvidence): CrateEntity[] {
  const actors = timeline.stages.flatMap(({ attempts }) => attempts.map(({ actor }) => actor));
  return [...new Set([timeline.openedBy, ...actors])].map((actor) => ({
    '@id': actorId(actor),
    '@type': 'Person',
    name: actor,
  }));
}

function rootEntities({ timeline }: ExportEvidence, { paths, workflow }: CrateFiles): CrateEntity[] {
  const folders = finished(timeline).map(({ kind, key }) => folderOf(kind, key));
  const loose = paths.filter((path) => !folders.some((folder) => path.startsWith(folder)));
  const actions = [
    '#organize',
    '#run',
    ...timeline.stages.flatMap((stage) => stage.attempts.map((each) => attemptId(stage, each))),
  ];
  return [
    {
      '@id': 'ro-crate-metadata.json',
      '@type': 'CreativeWork',
      conformsTo: [
        refer('https://w3id.org/ro/crate/1.1'),
        refer('https://w3id.org/workflowhub/workflow-ro-crate/1.0'),
      ],
      about: refer('./'),
    },
    {
      '@id': './',
      '@type': 'Dataset',
      name: `Run of ${timeline.experimentId}`,
      description: `The sweep ${timeline.experimentId}: how to split an annotation budget, with every artifact, attempt and history.`,
      datePublished: timeline.lastAt,
      license: refer('#license'),
      conformsTo: profiles.map(([id]) => refer(id)),
      hasPart: [...folders, ...loose].map(refer),
      mainEntity: refer(workflow ?? '#workflow'),
      mentions: actions.map(refer),
    },
    ...profiles.map(([id, name, version]) => ({ '@id': id, '@type': 'CreativeWork', name, version })),
    {
      '@id': '#license',
      '@type': 'CreativeWork',
      name: 'No license',
      description: 'The run has no license of its own; the licenses of its base model and data apply.',
    },
  ];
}

/** ro-crate-metadata.json of a Provenance Run Crate 0.5: one action for each attempt, one control action for each stage. */
export function renderCrate(evidence: ExportEvidence, files: CrateFiles): object {
  const { stages } = evidence.timeline;
  const own = stages.filter(({ attempts }) => attempts.length > 0);
  const { workflow, paths } = files;
  const payloads = payloadFiles(evidence);
  return {
    '@context': ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'],
    '@graph': [
      ...rootEntities(evidence, files),
      ...planEntities(evidence, files),
      ...runEntities(evidence, files),
      ...own.map(controlEntity),
      ...own.flatMap((stage) => stage.attempts.map((attempt) => attemptEntity(stage, attempt, evidence))),
      ...finished(evidence.timeline).map((stage) => datasetEntity(stage, paths)),
      ...paths.filter((path) => path !== workflow).map((path) => fileEntity(path, payloads.get(path))),
      ...people(evidence),
      ...otherSweeps(evidence.timeline),
    ],
  };
}
