import { withAnnotators, withJudges, withPreferenceAnnotators } from '../../annotators';
import type { Annotator, Judge, PreferenceAnnotator, Task } from '../../contracts/task';
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
  /** Preference annotators for the definition's `pairs.annotator`, added to each of its tasks. */
  readonly preferenceAnnotators?: readonly PreferenceAnnotator[];
  /** Judges for the definition's `judge` fields, added to each of its tasks that is scored by comparison. */
  readonly judges?: readonly Judge[];
}

const namesOf = (definition: SweepDefinition): Set<string> =>
  new Set(variantsOf(definition).flatMap((place) => questionSets(place.definition).map(({ task }) => task)));

/**
 * The user's tasks, with the annotators and judges added. Call it before the first `await`, while the stack has the
 * module that passed them.
 */
export function userTasks(
  definition: SweepDefinition,
  { tasks = [], annotators = [], preferenceAnnotators = [], judges = [] }: UserCodeOptions,
): readonly Task[] {
  if ([annotators, preferenceAnnotators, judges].every(({ length }) => length === 0)) return tasks;
  const names = namesOf(definition);
  const named = [...tasks, ...builtInTasks].filter(({ name }) => names.has(name));
  const extended = named.map((task) => {
    const annotated = withPreferenceAnnotators(withAnnotators(task, ...annotators), ...preferenceAnnotators);
    return judges.length === 0 || task.comparison === undefined
      ? annotated
      : withJudges(annotated, ...judges);
  });
  return [...extended, ...tasks.filter(({ name }) => !names.has(name))];
}
