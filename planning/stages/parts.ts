import type { CodeRole } from '../../contracts/code';
import type { ExperimentDefinition, SweepDefinition, TaskData } from '../../schemas/definition';
import type { Resolved } from '../../contracts/resolved';
import type { PlannedStage, SpecOf, StageCode, StageInputRef, StageKind } from '../../contracts/stage';
import { codeFor } from '../code';
import { taskFileDigests } from '../user-rows';
import { ownName } from '../question-sets';
import { type Inputs, revisions, stageKey } from './keys';

/** What the stage builders read: a definition with its outside inputs pinned, and a seed axis. */
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
  /** That of the kind unless given. */
  readonly revision?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly title: string;
}

/** A stage of these parts, under its key. */
export function makeStage<K extends StageKind>(kind: K, parts: StageParts<K>) {
  const { spec, inputs = {}, files = {}, revision = revisions[kind], ...outside } = parts;
  return { key: stageKey(spec, revision, inputs), kind, revision, spec, inputs, files, ...outside };
}

/** A stage's artifact as the input of another stage. */
export function outputOf(stage: PlannedStage): StageInputRef {
  return { stage: stage.key, kind: stage.kind };
}

/** The external base model as the input of a stage. */
export function baseModel({ resolved }: StageContext): StageInputRef {
  return { digest: resolved.model.digest, path: resolved.model.path };
}

/** The task's name, where its problems come from and what of the user's code is called: what the spec of a stage has of it. */
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

/** Where problems come from, by content alone. */
function pinnedData(data: TaskData, digests: Readonly<Record<string, string>>): TaskData {
  if (data.source === 'synthetic') return data;
  const { source, validation, stripCalculationAnnotations } = data;
  const files = { train: digests['train'] ?? '', test: digests['test'] ?? '' };
  return { source, validation, stripCalculationAnnotations, ...files };
}

/** Where the definition's files lie on this host, by name. */
export function filePaths({ resolved }: StageContext): Record<string, string> {
  return Object.fromEntries(Object.entries(resolved.files).map(([name, { path }]) => [name, path]));
}
