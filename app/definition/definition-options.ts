import type { SweepDefinition } from '../../schemas/definition';
import { valueAt } from '../../core/field-path';
import { applyChanges, axisValues, variantsOf } from '../../planning';
import { defineSweep } from '../../definitions';
import { refused } from './refused-option';

/**
 * Changes to a definition: the options of `budgetline run`. If a definition file exports a function, the function is
 * called with them.
 */
export interface DefinitionOptions {
  /** Name of the annotator that writes the demonstrations. */
  readonly annotator?: string;
  /** In the definition's unit: rows or US dollars. */
  readonly budgets?: number[];
  /** Fractions of a budget that buy demonstrations, from 0 to 1. */
  readonly sftFractions?: number[];
  readonly seeds?: number[];
  /** Number of items in each evaluation. */
  readonly items?: number;
  /** Absolute path of the training file, for tasks that read files. */
  readonly data?: string;
  /** Maximum silence of a training process, in seconds. */
  readonly stallSeconds?: number;
}

/** A field's value from the command line. */
interface Setting {
  readonly option: string;
  readonly field: string;
  readonly value: string | number;
}

function settingsOf({ annotator, items, data, stallSeconds }: DefinitionOptions): Setting[] {
  const stall = { option: '--stall-seconds', field: 'execution.stallSeconds' };
  return [
    ...(annotator === undefined ? [] : [{ option: '--annotator', field: 'annotator', value: annotator }]),
    ...(items === undefined ? [] : [{ option: '--items', field: 'evaluation.items', value: items }]),
    ...(data === undefined ? [] : [{ option: '--data', field: 'data.train', value: data }]),
    ...(stallSeconds === undefined ? [] : [{ ...stall, value: stallSeconds }]),
  ];
}

type Axis = NonNullable<SweepDefinition['axes']>[string];

/** Removes the axis values that contradict the setting. */
function narrow(definition: SweepDefinition, [name, axis]: readonly [string, Axis], setting: Setting): Axis {
  const { option, field, value } = setting;
  if (Array.isArray(axis) && name === field) return [value];
  const kept = axisValues(name, axis).filter(
    ({ changes }) => valueAt(applyChanges(definition, changes), field.split('.')) === value,
  );
  if (kept.length === 0)
    throw refused(
      option,
      `every value of the axis "${name}" sets ${field}, but none to "${value}"`,
      `Omit ${option}, or change the axis in the definition.`,
    );
  if (Array.isArray(axis)) return axis.filter((each) => kept.some(({ label }) => label === String(each)));
  return Object.fromEntries(kept.map(({ label, changes }) => [label, changes])) as Axis;
}

function applySetting(definition: SweepDefinition, setting: Setting): SweepDefinition {
  const changed = applyChanges(definition, { [setting.field]: setting.value });
  if (changed.axes === undefined) return changed;
  const axes = Object.entries(changed.axes).map(
    (entry) => [entry[0], narrow(changed, entry, setting)] as const,
  );
  return { ...changed, axes: Object.fromEntries(axes) };
}

/** Replaces budgets, fractions and seeds. If budgets are in US dollars, the fractions are fractions of the money. */
function applyGrid(definition: SweepDefinition, options: DefinitionOptions): SweepDefinition {
  const { budgets, sftFractions, seeds } = options;
  const fractions = definition.budgetUnit === 'usd' ? 'sftSpendFractions' : 'sftFractions';
  return {
    ...definition,
    ...(budgets === undefined ? {} : { budgets }),
    ...(sftFractions === undefined ? {} : { [fractions]: sftFractions }),
    ...(seeds === undefined ? {} : { seeds }),
  };
}

/** Refuses an option that would change nothing but the sweep's id. */
function assertUseful(definition: SweepDefinition, { annotator, data }: DefinitionOptions): void {
  const variants = variantsOf(definition).map((variant) => variant.definition);
  if (data !== undefined && variants.every((variant) => variant.data.source !== 'files'))
    throw refused(
      '--data',
      'the task of this definition generates its problems',
      'Omit --data, or set data: { source: "files", train, test } in the definition.',
    );
  if (
    annotator !== undefined &&
    variants.every(({ annotations }) => annotations?.demonstrations !== undefined)
  )
    throw refused(
      '--annotator',
      'the demonstrations of this definition come from a file',
      'Omit --annotator, or remove annotations.demonstrations from the definition.',
    );
}

/**
 * Applies command-line options to a definition. An axis that varies the field of an option is narrowed to its value.
 *
 * @throws BudgetlineError USAGE if an option has no effect or contradicts an axis, DEFINITION_INVALID
 */
export function applyOptions(definition: SweepDefinition, options: DefinitionOptions): SweepDefinition {
  assertUseful(definition, options);
  return defineSweep(settingsOf(options).reduce(applySetting, applyGrid(definition, options)));
}
