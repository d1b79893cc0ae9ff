import { canonicalSampling, canonicalTraining } from '../contracts/canonical';
import type { ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import type { Annotations, UserDataset } from '../schemas/user-rows';

type Definition = ExperimentDefinition | SweepDefinition;

/** Drops entries that map a column to the field of its own name, unless another field reads the same column. */
function canonicalDataset<T extends UserDataset>(dataset: T): T {
  const entries = Object.entries(dataset.columnMapping).map(([field, columns]) => {
    const paths = [columns].flat();
    return { field, paths, columns: paths.length === 1 ? paths[0]! : paths };
  });
  const isNeeded = ({ field, columns }: (typeof entries)[number]): boolean =>
    field !== columns ||
    entries.some(
      ({ field: other, paths }) => other !== field && paths.some((path) => path.split('.')[0] === field),
    );
  const needed = entries.filter(isNeeded).map(({ field, columns }) => [field, columns]);
  return { ...dataset, columnMapping: Object.fromEntries(needed) as T['columnMapping'] };
}

function canonicalAnnotations({ demonstrations, preferences, ...rest }: Annotations): Annotations {
  return {
    ...rest,
    demonstrations: demonstrations && canonicalDataset(demonstrations),
    preferences: preferences && canonicalDataset(preferences),
  };
}

/** A price of 0 is the same as none, and a label costs as much as a verifier's decision where nothing else is said. */
function canonicalPrices({ evaluation = 0, exaflop = 0, preferenceLabel, ...prices }: Prices): Prices {
  return {
    ...prices,
    preferenceLabel: preferenceLabel === prices.preferencePair ? undefined : preferenceLabel,
    evaluation: evaluation === 0 ? undefined : evaluation,
    exaflop: exaflop === 0 ? undefined : exaflop,
  };
}

/** Undefined in a sweep with axes: each place on them has its own data. */
function defaultSplit(definition: Definition): Definition['evaluation']['split'] {
  if (!('budgets' in definition)) return 'test';
  if (definition.axes !== undefined) return undefined;
  return definition.data.validation > 0 ? 'validation' : 'test';
}

function canonicalEvaluation(definition: Definition): Definition['evaluation'] {
  const { auxiliary, split = defaultSplit(definition), ...evaluation } = definition.evaluation;
  if (auxiliary === undefined) return { ...evaluation, split };
  return {
    ...evaluation,
    split,
    auxiliary: auxiliary.map(({ name, ...one }) =>
      name === undefined || name === one.task ? one : { ...one, name },
    ),
  };
}

/** A definition in canonical form: equal settings have equal keys. */
export function canonicalDefinition<D extends Definition>(definition: D): D {
  const { sft, preference, pairs, prices, annotations } = definition;
  return {
    ...definition,
    sft: canonicalTraining(sft),
    preference: canonicalTraining(preference),
    pairs: canonicalSampling(pairs),
    evaluation: canonicalEvaluation(definition),
    prices: canonicalPrices(prices),
    annotations: annotations && canonicalAnnotations(annotations),
  };
}

const ascending = (values: readonly number[] = []): number[] => [...values].sort((a, b) => a - b);

/** Sorts lists that are sets, for a digest; printed text keeps the user's order. */
export function comparableDefinition(definition: Definition): object {
  if (!('budgets' in definition)) return definition;
  const { controls, budgets, sftFractions, sftSpendFractions, seeds, ...rest } = definition;
  return {
    ...rest,
    budgets: ascending(budgets),
    seeds: ascending(seeds),
    controls: [...controls].sort(),
    sftFractions: ascending(sftFractions),
    sftSpendFractions: ascending(sftSpendFractions),
  };
}
