import { resolve } from 'node:path';
import type { DefinitionOptions } from '../app/definition/definition-options';

/** Options of `run` and `plan` that concern the definition, among others. */
export type DefinitionFlags = DefinitionOptions;

/** The options that were given, with the train file as an absolute path. */
export function definitionOptions(flags: DefinitionFlags): DefinitionOptions {
  const { annotator, budgets, sftFractions, seeds, items, data, stallSeconds } = flags;
  return {
    ...(annotator === undefined ? {} : { annotator }),
    ...(budgets === undefined ? {} : { budgets }),
    ...(sftFractions === undefined ? {} : { sftFractions }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(items === undefined ? {} : { items }),
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(stallSeconds === undefined ? {} : { stallSeconds }),
  };
}
