import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { SweepDefinition } from '../../schemas/definition';
import type { Resolved, ResolvedSweep } from '../../contracts/resolved';
import type { IdentifiedSource } from '../../contracts/provenance';
import type { Task } from '../../contracts/task';
import { lossFacts, type LossFacts } from '../../losses/facts';
import { isOneModel, resolvedVariants } from '../../planning';

/** Facts for the report that are not in the definition, for one combination of axis values. */
export interface PlaceFacts {
  /** The annotator's errors, in one sentence; empty if the annotator has no description. */
  readonly annotatorDescription: string;
  /** SHA-256 of the base model, hexadecimal. */
  readonly modelDigest: string;
  readonly loss: LossFacts;
  /** The judges, and whether one is also the annotator; left out if only the tasks' verifiers score. */
  readonly judge?: string;
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

/** For each combination of axis values, in the planner's order; one if there are no axes. */
export function placeFacts(resolved: ResolvedSweep, tasks: readonly Task[]): PlaceFacts[] {
  return resolvedVariants(resolved).map(({ resolved: place }) => ({
    annotatorDescription: describeAnnotator(place.definition, tasks),
    modelDigest: place.model.digest,
    loss: lossFacts(place.definition.preference.loss, place.loss?.facts),
    ...judgesOf(place),
  }));
}
