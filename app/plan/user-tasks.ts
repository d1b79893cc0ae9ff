import { withAnnotators, withJudges } from '../../annotators';
import type { Annotator, Judge, Task } from '../../contracts/task';
import { variantsOf } from '../../planning';
import { questionSets } from '../../stages';
import type { SweepDefinition } from '../../schemas/definition';
import { builtInTasks } from '../../workers';

/** Your own code that a definition refers to by name. */
export interface UserCodeOptions {
  /** Your own tasks. A task replaces a built-in task of the same name. */
  readonly tasks?: readonly Task[];
  /**
   * Annotators for the definition's `annotator`, added to each of its tasks. Stage keys include the whole module of an
   * annotator that is a plain object; with `tasks: [withAnnotators(task, …)]` they include only code that it reaches.
   */
  readonly annotators?: readonly Annotator[];
  /** Judges for the definition's `judge` fields, added to each of its tasks that is scored by comparison. */
  readonly judges?: readonly Judge[];
}

const namesOf = (definition: SweepDefinition): Set<string> =>
  new Set(variantsOf(definition).flatMap((place) => questionSets(place.definition).map(({ task }) => task)));

/**
 * The user's tasks, with the annotators and judges added. Call it before the first `await`, while the stack has the
 * module that passed annotators and judges.
 */
export function userTasks(
  definition: SweepDefinition,
  { tasks = [], annotators = [], judges = [] }: UserCodeOptions,
): readonly Task[] {
  if (annotators.length === 0 && judges.length === 0) return tasks;
  const names = namesOf(definition);
  const named = [...tasks, ...builtInTasks].filter(({ name }) => names.has(name));
  const extended = named.map((task) => {
    const annotated = annotators.length === 0 ? task : withAnnotators(task, ...annotators);
    return judges.length === 0 || task.comparison === undefined
      ? annotated
      : withJudges(annotated, ...judges);
  });
  return [...extended, ...tasks.filter(({ name }) => !names.has(name))];
}
