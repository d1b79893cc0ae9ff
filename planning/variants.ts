import type { Coordinates } from '../core/coordinates';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { Resolved, ResolvedExperiment, ResolvedSweep } from '../contracts/resolved';
import { sftFractionOf, unitCosts } from './budget';
import { canonicalDefinition } from './canonical';
import type { GridPoint } from './identity';

/** One value of an axis: its label and changes by field ("sft.lora.rank"). */
interface AxisValue {
  readonly axis: string;
  readonly label: string;
  readonly changes: Readonly<Record<string, unknown>>;
}

/** One place on all axes of a sweep: a grid of budgets, fractions and seeds with its own settings. */
export interface Variant {
  /** Empty without axes. */
  readonly coordinates: Coordinates;
  /** The sweep's definition with the axes' values applied and the axes removed. */
  readonly definition: SweepDefinition;
}

type Axis = NonNullable<SweepDefinition['axes']>[string];

function isList(axis: Axis): axis is Extract<Axis, readonly unknown[]> {
  return Array.isArray(axis);
}

/** An axis's values: each of a list changes the field that the axis is named after; named ones list their changes. */
export function axisValues(name: string, axis: Axis): AxisValue[] {
  if (isList(axis))
    return axis.map((value) => ({ axis: name, label: String(value), changes: { [name]: value } }));
  return Object.entries(axis).map(([label, changes]) => ({ axis: name, label, changes }));
}

function changeField(value: unknown, [field = '', ...rest]: readonly string[], change: unknown): unknown {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...object, [field]: rest.length === 0 ? change : changeField(object[field], rest, change) };
}

/** A definition with some fields changed; not validated. */
export function applyChanges<T>(definition: T, changes: Readonly<Record<string, unknown>>): T {
  return Object.entries(changes).reduce(
    (changed, [field, value]) => changeField(changed, field.split('.'), value) as T,
    definition,
  );
}

/** The product of all axes, in the order of the definition; one variant without axes. */
export function variantsOf({ axes, ...plain }: SweepDefinition): Variant[] {
  const start: Variant[] = [{ coordinates: {}, definition: plain }];
  return Object.entries(axes ?? {})
    .reduce(
      (variants, [name, axis]) =>
        variants.flatMap(({ coordinates, definition }) =>
          axisValues(name, axis).map(({ label, changes }) => ({
            coordinates: { ...coordinates, [name]: label },
            definition: applyChanges(definition, changes),
          })),
        ),
      start,
    )
    .map(({ coordinates, definition }) => ({ coordinates, definition: canonicalDefinition(definition) }));
}

/** A variant with pinned inputs: a sweep without axes. */
export interface ResolvedVariant {
  readonly coordinates: Coordinates;
  readonly resolved: Resolved<SweepDefinition>;
}

/** The variants of a sweep, each with its own model and files. */
export function resolvedVariants(sweep: ResolvedSweep): ResolvedVariant[] {
  const { definition, variants, ...inputs } = sweep;
  return variantsOf(definition).map((variant, index) => ({
    coordinates: variant.coordinates,
    resolved: { ...(variants?.[index] ?? inputs), definition: variant.definition },
  }));
}

/** The points of a sweep's grid, in the order of the definition. */
export function gridOf({
  budgets,
  budgetUnit,
  sftFractions,
  sftSpendFractions,
  seeds,
}: SweepDefinition): GridPoint[] {
  const splits =
    budgetUnit === 'usd'
      ? (sftSpendFractions ?? []).map((sftSpendFraction) => ({ sftSpendFraction }))
      : sftFractions.map((sftFraction) => ({ sftFraction }));
  return seeds.flatMap((seed) =>
    budgets.flatMap((budget) => splits.map((split) => ({ ...split, budget, seed }))),
  );
}

/** What of a cell's experiment its place in the grid says. */
function placeIn(resolved: Resolved<SweepDefinition>, point: GridPoint) {
  if ('sftFraction' in point) return { sftFraction: point.sftFraction };
  const { sftSpendFraction, budget } = point;
  const sftFraction = sftFractionOf(sftSpendFraction, unitCosts(resolved));
  return { sftFraction, spend: { usd: budget, sftSpendFraction } };
}

/** Fields that a sweep has and an experiment has not. A new one does not compile until it is listed here. */
const sweepOnly: Record<Exclude<keyof SweepDefinition, keyof ExperimentDefinition>, true> = {
  budgets: true,
  budgetUnit: true,
  sftFractions: true,
  sftSpendFractions: true,
  seeds: true,
  axes: true,
  search: true,
  controls: true,
  numFewShot: true,
  sensitivityBudget: true,
  equivalenceMargin: true,
  smallBudgetMax: true,
  largeBudgetMin: true,
  spendLimitUsd: true,
};

type Shared = Pick<SweepDefinition, keyof SweepDefinition & keyof ExperimentDefinition>;

function sharedOf(definition: SweepDefinition): Shared {
  const shared = Object.entries(definition).filter(([field]) => !Object.hasOwn(sweepOnly, field));
  return Object.fromEntries(shared) as Shared;
}

/** The experiment of one cell of a sweep: every field that both have, and the cell's place in the grid. */
export function experimentOf(resolved: Resolved<SweepDefinition>, point: GridPoint): ResolvedExperiment {
  const { budget, seed } = point;
  const definition = { ...sharedOf(resolved.definition), budget, seed, ...placeIn(resolved, point) };
  return { ...resolved, definition };
}
