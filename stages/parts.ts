import type { CodeRole } from '../core/code';
import type { Makes, PlannedStage, StageInputRef } from '../contracts/stage';
import type { TaskData } from '../schemas/definition';
import { codeFor } from './code';
import type { StageContext } from './define';
import { taskFileDigests } from './files';
import { ownName } from './question-sets';
import type { TaskSource } from './sources';

/** A stage's artifact as the input of another stage. */
export function outputOf<M extends Makes>({ key, kind, first }: PlannedStage<M>): StageInputRef {
  return { stage: key, kind, first };
}

/** The model that an adapter was trained on; undefined for a user's kind without such an input. */
export function trainedOn({ inputs }: PlannedStage<'adapter'>): StageInputRef | undefined {
  return inputs['base'] ?? inputs['reference'];
}

/** The external base model as the input of a stage. */
export function baseModel({ resolved }: StageContext): StageInputRef {
  return { digest: resolved.model.digest, path: resolved.model.path };
}

/** Facts for stages without rows, purchases and judges. */
export const plainFacts = { rows: null, mayExceed: false, judged: [], files: {} } as const;

/** The task's part of a stage's spec: name, data source, file digests and user code. */
export function taskSource({ resolved }: StageContext, roles: readonly CodeRole[]): TaskSource {
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
