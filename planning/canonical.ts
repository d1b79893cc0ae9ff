import { canonicalSampling, canonicalTraining } from '../contracts/canonical';
import type { ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import type { Annotations, UserDataset } from '../schemas/user-rows';

type Definition = ExperimentDefinition | SweepDefinition;

/** A field that is called what it is called anyway needs no entry, unless another one reads the same. */
function canonicalFile<T extends UserDataset>(given: T): T {
  const entries = Object.entries(given.map);
  const isNeeded = ([field, path]: [string, string]): boolean =>
    field !== path || entries.some(([other, from]) => other !== field && from.split('.')[0] === path);
  return { ...given, map: Object.fromEntries(entries.filter(isNeeded)) };
}

function canonicalAnnotations({ demonstrations, preferences, ...rest }: Annotations): Annotations {
  return {
    ...rest,
    ...(demonstrations === undefined ? {} : { demonstrations: canonicalFile(demonstrations) }),
    ...(preferences === undefined ? {} : { preferences: canonicalFile(preferences) }),
  };
}

/** What costs nothing has no price. */
function canonicalPrices({ evaluation = 0, exaflop = 0, ...prices }: Prices): Prices {
  return {
    ...prices,
    ...(evaluation === 0 ? {} : { evaluation }),
    ...(exaflop === 0 ? {} : { exaflop }),
  };
}

function canonicalEvaluation({
  auxiliary,
  ...evaluation
}: Definition['evaluation']): Definition['evaluation'] {
  if (auxiliary === undefined) return evaluation;
  return {
    ...evaluation,
    auxiliary: auxiliary.map(({ name, ...one }) =>
      name === undefined || name === one.task ? one : { ...one, name },
    ),
  };
}

/** A definition in the one spelling of what it means: equal settings have equal keys. */
export function canonicalDefinition<D extends Definition>(definition: D): D {
  const { sft, preference, pairs, evaluation, prices, annotations } = definition;
  return {
    ...definition,
    sft: canonicalTraining(sft),
    preference: canonicalTraining(preference),
    pairs: canonicalSampling(pairs),
    evaluation: canonicalEvaluation(evaluation),
    prices: canonicalPrices(prices),
    ...(annotations === undefined ? {} : { annotations: canonicalAnnotations(annotations) }),
  };
}

const ascending = (values: readonly number[] = []): number[] => [...values].sort((a, b) => a - b);

/** The same with lists that are sets in one order, for a digest: in what is printed the order is the user's own. */
export function comparableDefinition(definition: Definition): object {
  if (!('budgets' in definition)) return definition;
  const { controls, budgets, sftFractions, sftSpendFractions, seeds, ...rest } = definition;
  return {
    ...rest,
    ...{ budgets: ascending(budgets), seeds: ascending(seeds), controls: [...controls].sort() },
    ...{ sftFractions: ascending(sftFractions), sftSpendFractions: ascending(sftSpendFractions) },
  };
}
