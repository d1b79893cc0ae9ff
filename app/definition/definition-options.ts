import type { SweepDefinition } from '../../schemas/definition';
import { valueAt } from '../../contracts/field-path';
import { applyChanges, axisValues, variantsOf } from '../../planning';
import { defineSweep } from '../../definitions';
import { refused } from './refused-option';

/**
 * Changes to a definition, as the command line makes them. A definition file that exports a function is called with
 * them.
 */
export interface DefinitionOptions {
  readonly annotator?: string;
  /** Rows or US dollars, as the definition counts them. */
  readonly budgets?: number[];
  /** Shares from 0 to 1. */
  readonly sftFractions?: number[];
  readonly seeds?: number[];
  /** Test items. */
  readonly items?: number;
  /** The train file of a task that reads files, as an absolute path. */
  readonly data?: string;
  /** Longest silence of a trainer, in seconds. */
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

/** An axis that varies the field keeps the values that leave the setting as it is; a list of the field's own values has it alone. */
function narrow(definition: SweepDefinition, [name, axis]: readonly [string, Axis], setting: Setting): Axis {
  const { option, field, value } = setting;
  if (Array.isArray(axis) && name === field) return [value];
  const kept = axisValues(name, axis).filter(
    ({ changes }) => valueAt(applyChanges(definition, changes), field.split('.')) === value,
  );
  if (kept.length === 0)
    throw refused(
      option,
      `every value of the axis "${name}" sets ${field}, and none sets it to "${value}"`,
      `Leave ${option} out, or change the axis in the definition.`,
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

/** The grid's own axes; --fractions are shares of what the definition's budgets are counted in. */
function applyGrid(definition: SweepDefinition, options: DefinitionOptions): SweepDefinition {
  const { budgets, sftFractions, seeds } = options;
  const shares = definition.budgetUnit === 'usd' ? 'sftSpendFractions' : 'sftFractions';
  return {
    ...definition,
    ...(budgets === undefined ? {} : { budgets }),
    ...(sftFractions === undefined ? {} : { [shares]: sftFractions }),
    ...(seeds === undefined ? {} : { seeds }),
  };
}

/** An option that would change nothing but the sweep's id is refused. */
function assertUseful(definition: SweepDefinition, { annotator, data }: DefinitionOptions): void {
  const variants = variantsOf(definition).map((variant) => variant.definition);
  if (data !== undefined && variants.every((variant) => variant.data.source !== 'files'))
    throw refused(
      '--data',
      'the task of this definition generates its problems',
      'Leave --data out, or give the definition data: { source: "files", train, test }.',
    );
  if (
    annotator !== undefined &&
    variants.every(({ annotations }) => annotations?.demonstrations !== undefined)
  )
    throw refused(
      '--annotator',
      'the demonstrations of this definition come from a file, so no annotator writes any',
      'Leave --annotator out, or take annotations.demonstrations out of the definition.',
    );
}

/**
 * A definition with what the command line changes in it. An option holds wherever the definition varies its field: an axis is
 * narrowed to it.
 *
 * @throws BudgetlineError USAGE where an option has no effect or contradicts an axis, DEFINITION_INVALID
 */
export function applyOptions(definition: SweepDefinition, options: DefinitionOptions): SweepDefinition {
  assertUseful(definition, options);
  return defineSweep(settingsOf(options).reduce(applySetting, applyGrid(definition, options)));
}
