import { resolve } from 'node:path';
import type { DefinitionOptions } from '../app/definition/definition-options';

/** Options of `run` and `plan` that concern the definition. */
export interface DefinitionFlags extends Omit<DefinitionOptions, 'sftFractions'> {
  readonly fractions?: number[];
}

/** Options that concern the definition, in its own terms. */
export function definitionOptions(flags: DefinitionFlags): DefinitionOptions {
  const { annotator, budgets, fractions, seeds, items, data, stallSeconds } = flags;
  return {
    ...(annotator === undefined ? {} : { annotator }),
    ...(budgets === undefined ? {} : { budgets }),
    ...(fractions === undefined ? {} : { sftFractions: fractions }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(items === undefined ? {} : { items }),
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(stallSeconds === undefined ? {} : { stallSeconds }),
  };
}
