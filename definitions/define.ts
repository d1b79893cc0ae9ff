import {
  type ExperimentDefinition,
  experimentDefinition,
  type SweepDefinition,
  sweepDefinition,
} from '../schemas/definition';
import type { ExperimentInput, SweepInput } from './input';
import { usd, type Usd } from '../core/money';
import { BudgetlineError } from '../core/failures';
import { fieldsOf, type Schema } from '../schemas/fields';
import { pathText, valueAt } from '../core/field-path';
import { canonicalDefinition } from '../planning/canonical';
import { describeIssue } from './issues';
import { withReferences } from './references';
import { applyChanges, axisValues } from '../planning/variants';

function parseDefinition<T>(schema: Schema<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const fields = fieldsOf(schema);
  const reasons = result.error.issues.flatMap((issue) => describeIssue(issue, input, fields));
  throw new BudgetlineError('DEFINITION_INVALID', reasons.join('\n'), {
    remedy: 'Correct each field that is named.',
    details: { reasons, fields: result.error.issues.map(({ path }) => pathText(path)) },
  });
}

/**
 * Validates one cell's definition and fills in its defaults.
 *
 * @throws BudgetlineError DEFINITION_INVALID, one line per invalid field: "sftFraction: 1.2 is above 1; a fraction is
 * between 0 and 1".
 */
export function defineExperiment(input: ExperimentInput): ExperimentDefinition {
  return canonicalDefinition(parseDefinition(experimentDefinition, withReferences(input)));
}

/**
 * Validates a sweep's definition and fills in its defaults. docs/reference/definition.md lists every field with type,
 * default and meaning.
 *
 * @throws BudgetlineError DEFINITION_INVALID, one line per invalid field
 */
export function defineSweep(input: SweepInput): SweepDefinition {
  const { axes = {}, ...plain } = canonicalDefinition(
    parseDefinition(sweepDefinition, withReferences(withControls(withUnit(input)))),
  );
  assertProxy(plain.search, axes);
  if (Object.keys(axes).length === 0) return plain;
  assertDisjoint(axes);
  assertWholeReferences(axes);
  const complete = Object.entries(axes).map(
    ([name, axis]) => [name, completeAxis(plain, name, axis)] as const,
  );
  return { ...plain, axes: Object.fromEntries(complete) };
}

/** An experiment as a sweep of one cell. Stage keys depend on neither, so both have the same stages. */
export function sweepOfOne(experiment: ExperimentDefinition): SweepDefinition {
  const { budget, sftFraction, seed, spend, ...shared } = experiment;
  const place =
    spend === undefined
      ? { budgets: [budget], sftFractions: [sftFraction] }
      : { budgets: [usd(spend.usd)], sftSpendFractions: [spend.sftSpendFraction] };
  return defineSweep({ ...shared, ...place, seeds: [seed], controls: [] });
}

/** Turns `usd(…)` budgets into plain amounts and sets `budgetUnit`. */
function withUnit(input: SweepInput): unknown {
  const budgets: unknown = (input as SweepInput | null | undefined)?.budgets;
  if (!Array.isArray(budgets) || !budgets.every(isUsd)) return input;
  return { ...input, budgets: budgets.map((budget) => budget.usd), budgetUnit: 'usd' };
}

/** The default control replaces the last step of the built-in pipeline, so a user's pipeline has none by default. */
function withControls(input: unknown): unknown {
  const { pipeline, controls } = (input ?? {}) as Partial<SweepInput>;
  return pipeline === undefined || controls !== undefined
    ? input
    : { ...(input as SweepInput), controls: [] };
}

const isUsd = (budget: unknown): budget is Usd =>
  typeof budget === 'object' && budget !== null && typeof (budget as Partial<Usd>).usd === 'number';

type Axes = NonNullable<SweepDefinition['axes']>;

function assertProxy({ method }: SweepDefinition['search'], axes: Axes): void {
  const models = axes['model'];
  if (method !== 'proxy' || (Array.isArray(models) && models.length === 2)) return;
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    'search.method: "proxy" needs two models, the small one first.',
    { remedy: 'Give the sweep axes: { model: [small, large] }.', details: { fields: ['search.method'] } },
  );
}

/** Validates the definition at every value of an axis and fills in defaults there: workflows do neither. */
function completeAxis(plain: SweepDefinition, name: string, axis: Axes[string]): Axes[string] {
  const complete = axisValues(name, axis).map(({ label, changes }) => {
    const changed = parseVariant(applyChanges(plain, changes), `axes["${name}"], ${label}`);
    const fields = Object.keys(changes).map((field) => [field, valueAt(changed, field.split('.'))] as const);
    return [label, Object.fromEntries(fields)] as const;
  });
  return Array.isArray(axis) ? axis : (Object.fromEntries(complete) as Axes[string]);
}

/** Refuses two axes that change the same field: one would override the other's value, and labels would be wrong. */
function assertDisjoint(axes: Axes): void {
  const changed = new Map<string, string>();
  for (const [name, axis] of Object.entries(axes)) {
    const fields = new Set(axisValues(name, axis).flatMap(({ changes }) => Object.keys(changes)));
    for (const field of fields) {
      const other = [...changed].find(([known]) => isWithin(known, field) || isWithin(field, known));
      if (other === undefined) continue;
      const message = `axes["${name}"]: changes ${field}, and axes["${other[1]}"] changes ${other[0]}.`;
      throw new BudgetlineError('DEFINITION_INVALID', message, {
        remedy: 'Change each field, and the fields inside it, on one axis only.',
        details: { fields: [`axes.${name}`, `axes.${other[1]}`] },
      });
    }
    for (const field of fields) changed.set(field, name);
  }
}

/** Refuses an axis that changes the path of a user's module alone: paths start from the definition's folder. */
function assertWholeReferences(axes: Axes): void {
  for (const [name, axis] of Object.entries(axes)) {
    const changed = axisValues(name, axis).flatMap(({ changes }) => Object.keys(changes));
    const field = changed.find((each) => each.endsWith('.module'));
    if (field === undefined) continue;
    const whole = field.slice(0, -'.module'.length);
    throw new BudgetlineError('DEFINITION_INVALID', `axes["${name}"]: ${field} cannot vary on its own.`, {
      remedy: `Vary the whole reference by a named axis: axes: { NAME: { LABEL: { '${whole}': { module, export } } } }`,
      details: { fields: [`axes.${name}`] },
    });
  }
}

const isWithin = (field: string, other: string): boolean => `${field}.`.startsWith(`${other}.`);

function parseVariant(input: unknown, where: string): SweepDefinition {
  try {
    return parseDefinition(sweepDefinition, input);
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    const { remedy, details } = error;
    throw new BudgetlineError(error.code, `${where}: ${error.message}`, { remedy, details });
  }
}
