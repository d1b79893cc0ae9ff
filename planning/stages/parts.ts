import type { CodeRole } from '../../contracts/code';
import type { ExperimentDefinition, SweepDefinition, TaskData } from '../../schemas/definition';
import type { Resolved } from '../../contracts/resolved';
import type { PlannedStage, SpecOf, StageCode, StageInputRef, StageKind } from '../../contracts/stage';
import { codeFor } from '../code';
import { taskFileDigests } from '../user-rows';
import { ownName } from '../question-sets';
import { type Inputs, revisions, stageKey } from './keys';

/** Input of the stage builders: a definition with pinned inputs, and a training seed. */
export interface StageContext {
  readonly resolved: Resolved<ExperimentDefinition | SweepDefinition>;
  readonly seed: number;
}

interface StageParts<K extends StageKind> extends Pick<
  PlannedStage,
  'provenance' | 'onDevice' | 'judgedOffDevice' | 'sources'
> {
  readonly spec: SpecOf<K>;
  readonly inputs?: Inputs;
  /** Default: the revision of the kind. */
  readonly revision?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly title: string;
}

/** Builds a stage and its key. */
export function makeStage<K extends StageKind>(kind: K, parts: StageParts<K>) {
  const { spec, inputs = {}, files = {}, revision = revisions[kind], ...unkeyed } = parts;
  return { key: stageKey(spec, revision, inputs), kind, revision, spec, inputs, files, ...unkeyed };
}

/** A stage's artifact as the input of another stage. */
export function outputOf(stage: PlannedStage): StageInputRef {
  return { stage: stage.key, kind: stage.kind };
}

/** The external base model as the input of a stage. */
export function baseModel({ resolved }: StageContext): StageInputRef {
  return { digest: resolved.model.digest, path: resolved.model.path };
}

/** The task's part of a stage's spec: name, data source, file digests and user code. */
export function taskSource(
  { resolved }: StageContext,
  roles: readonly CodeRole[],
): {
  task: string;
  data: TaskData;
  fileDigests: Record<string, string>;
  code?: StageCode;
} {
  const { definition, files } = resolved;
  const code = codeFor(resolved, ownName, roles);
  const digests = taskFileDigests(files);
  const data = pinnedData(definition.data, digests);
  return { task: definition.task, data, fileDigests: digests, ...code };
}

/** A data source by content. */
function pinnedData(data: TaskData, digests: Readonly<Record<string, string>>): TaskData {
  if (data.source === 'synthetic') return data;
  const { source, validation, stripCalculationAnnotations } = data;
  const files = { train: digests['train'] ?? '', test: digests['test'] ?? '' };
  return { source, validation, stripCalculationAnnotations, ...files };
}

/** Paths of the definition's files on this host, by name. */
export function filePaths({ resolved }: StageContext): Record<string, string> {
  return Object.fromEntries(Object.entries(resolved.files).map(([name, { path }]) => [name, path]));
}
