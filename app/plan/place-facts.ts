import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { SweepDefinition } from '../../schemas/definition';
import type { Resolved, ResolvedSweep } from '../../contracts/resolved';
import type { IdentifiedSource } from '../../contracts/provenance';
import type { Task } from '../../contracts/task';
import { isOneModel, resolvedVariants } from '../../planning';

/** What a report says of one place on a sweep's axes, and its definition alone does not. */
export interface PlaceFacts {
  /** One sentence on what the annotator gets wrong; empty where nobody wrote one. */
  readonly annotatorDescription: string;
  readonly modelDigest: string;
  /** Who judges, and whether it is who wrote the rows; left out where the task's own program does. */
  readonly judge?: string;
}

/** The author of a file is described by its provenance, an annotator by the task that brings it. */
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

/** Who judges, of tasks beside with the task that they judge; nobody is named where tasks' own programs do. */
export function judgesOf({ definition, annotator, judge, auxiliaryJudges }: Judges): { judge?: string } {
  const describe = (name: string, identity: IdentifiedSource | undefined): string => {
    const model = identity?.model === undefined ? '' : `, model ${identity.model}`;
    const own = isOneModel(annotator, identity) ? '; it is also the annotator' : '';
    return `${name} (${identity?.kind ?? 'program'}${model})${own}`;
  };
  const { judge: named, auxiliary = [] } = definition.evaluation;
  const told = [
    ...(named === undefined ? [] : [describe(named, judge)]),
    ...auxiliary.flatMap((one) => {
      const name = nameOfAuxiliary(one);
      return one.judge === undefined ? [] : [`of ${name}: ${describe(one.judge, auxiliaryJudges?.[name])}`];
    }),
  ];
  return told.length === 0 ? {} : { judge: told.join('; ') };
}

/** Of every place on the axes, in the planner's order; one where there are none. */
export function placeFacts(resolved: ResolvedSweep, tasks: readonly Task[]): PlaceFacts[] {
  return resolvedVariants(resolved).map(({ resolved: place }) => ({
    annotatorDescription: describeAnnotator(place.definition, tasks),
    modelDigest: place.model.digest,
    ...judgesOf(place),
  }));
}
