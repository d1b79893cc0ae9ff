import { canonicalJson } from '../../core/canonical-json';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { SweepDefinition } from '../../schemas/definition';
import type { Resolved, ResolvedSweep } from '../../contracts/resolved';
import type { IdentifiedSource } from '../../contracts/provenance';
import type { OtherPricing } from '../../contracts/results';
import type { Task } from '../../contracts/task';
import { lossFacts, type LossFacts } from '../../losses/facts';
import { type CellPlan, isOneModel, type ResolvedVariant, resolvedVariants } from '../../planning';
import { demonstrationPrice, pairPrice, rowUsd } from '../../stages';
import { otherPricings } from './row-pricing';

/** Facts for the report that are not in the definition, for one combination of axis values. */
export interface PlaceFacts {
  /** The annotator's errors, in one sentence; empty if the annotator has no description. */
  readonly annotatorDescription: string;
  /** SHA-256 of the base model, hexadecimal. */
  readonly modelDigest: string;
  readonly loss: LossFacts;
  /** The judges, and whether one is also the annotator; left out if only the tasks' verifiers score. */
  readonly judge?: string;
  /** Rows of the pipeline that cost neither a demonstration nor a pair; left out if there are none. */
  readonly otherPrices?: readonly OtherPricing[];
}

/** Rows from a file are described by their provenance, an annotator by its task. */
function describeAnnotator(
  { annotations, annotator, task }: SweepDefinition,
  tasks: readonly Task[],
): string {
  if (annotations?.demonstrations !== undefined)
    return `Wrote the rows of ${annotations.demonstrations.source}.`;
  const { annotators = [] } = tasks.find(({ name }) => name === task) ?? {};
  return annotators.find(({ name }) => name === annotator)?.description ?? '';
}

type Judges = Pick<Resolved<SweepDefinition>, 'definition' | 'annotator' | 'judge' | 'auxiliaryJudges'>;

/** The judges of the main task and of the auxiliary tasks; empty if only the tasks' verifiers score. */
export function judgesOf({ definition, annotator, judge, auxiliaryJudges }: Judges): { judge?: string } {
  const describe = (name: string, identity: IdentifiedSource | undefined): string => {
    const model = identity?.model === undefined ? '' : `, model ${identity.model}`;
    const role = isOneModel(annotator, identity) ? '; it is also the annotator' : '';
    return `${name} (${identity?.kind ?? 'program'}${model})${role}`;
  };
  const { judge: named, auxiliary = [] } = definition.evaluation;
  const judges = [
    ...(named === undefined ? [] : [describe(named, judge)]),
    ...auxiliary.flatMap((one) => {
      const name = nameOfAuxiliary(one);
      return one.judge === undefined ? [] : [`of ${name}: ${describe(one.judge, auxiliaryJudges?.[name])}`];
    }),
  ];
  return judges.length === 0 ? {} : { judge: judges.join('; ') };
}

/** What the other rows of the cells at one place cost. */
function otherPricesAt(
  { coordinates, resolved: { definition } }: ResolvedVariant,
  cells: readonly CellPlan[],
): Pick<PlaceFacts, 'otherPrices'> {
  const place = canonicalJson(coordinates);
  const own = cells.filter(({ cell: { axes = {} } }) => canonicalJson(axes) === place);
  const known = [demonstrationPrice(definition), pairPrice(definition)].map((price) => ({
    usd: rowUsd(price),
  }));
  const otherPrices = otherPricings(
    own.flatMap(({ stages }) => stages),
    known,
  );
  return otherPrices.length === 0 ? {} : { otherPrices };
}

/** For each combination of axis values, in the planner's order; one if there are no axes. */
export function placeFacts(
  resolved: ResolvedSweep,
  { tasks, cells }: { readonly tasks: readonly Task[]; readonly cells: readonly CellPlan[] },
): PlaceFacts[] {
  return resolvedVariants(resolved).map((variant) => {
    const { resolved: place } = variant;
    return {
      annotatorDescription: describeAnnotator(place.definition, tasks),
      modelDigest: place.model.digest,
      loss: lossFacts(place.definition.preference.loss, place.loss?.facts),
      ...judgesOf(place),
      ...otherPricesAt(variant, cells),
    };
  });
}
