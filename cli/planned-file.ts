import { resolve } from 'node:path';
import type { DefinitionOptions } from '../app/definition/definition-options';
import { loadDefinition } from '../app/definition/load-definition';
import { planSweep, type PlannedSweep } from '../app/plan/plan-sweep';
import { printDownloads } from './download-lines';

/** A loaded and planned definition file. */
export interface PlannedFile {
  readonly planned: PlannedSweep;
  /** The file with the tasks that the workers must know; null if it has none. */
  readonly tasksFile: string | null;
}

/** Picks the options that concern the definition. Files are relative to the working directory. */
function optionsOf(flags: DefinitionOptions): DefinitionOptions {
  const { annotator, budgets, sftFractions, seeds, items, data, stallSeconds } = flags;
  return {
    annotator,
    budgets,
    sftFractions,
    seeds,
    items,
    data: data === undefined ? undefined : resolve(data),
    stallSeconds,
  };
}

/**
 * Loads a definition file and plans it.
 *
 * @throws BudgetlineError with the codes of `loadDefinition` and `planSweep`
 */
export async function planFile(file: string, flags: DefinitionOptions): Promise<PlannedFile> {
  const { definition, tasks } = await loadDefinition(file, optionsOf(flags));
  const planned = await planSweep(definition, { tasks, onDownload: printDownloads() });
  return { planned, tasksFile: tasks.length > 0 ? resolve(file) : null };
}
