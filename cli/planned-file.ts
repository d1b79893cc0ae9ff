import { resolve } from 'node:path';
import { loadDefinition } from '../app/definition/load-definition';
import { planSweep, type PlannedSweep } from '../app/plan/plan-sweep';
import { type DefinitionFlags, definitionOptions } from './definition-flags';
import { printDownloads } from './download-lines';

/** A definition file that was planned. */
export interface PlannedFile {
  readonly planned: PlannedSweep;
  /** The file whose tasks the workers must know; null where it has none. */
  readonly tasksFile: string | null;
}

/**
 * Reads a definition file and plans it.
 *
 * @throws BudgetlineError of any bad input
 */
export async function planFile(file: string, flags: DefinitionFlags): Promise<PlannedFile> {
  const { definition, tasks } = await loadDefinition(file, definitionOptions(flags));
  const planned = await planSweep(definition, { tasks, onDownload: printDownloads() });
  return { planned, tasksFile: tasks.length === 0 ? null : resolve(file) };
}
