import { withAnnotators, withJudges } from '../../annotators';
import type { Annotator, Judge, Task } from '../../contracts/task';
import { questionSets, variantsOf } from '../../planning';
import type { SweepDefinition } from '../../schemas/definition';
import { builtInTasks } from '../../workers';

/** Code of the user's that a definition names. */
export interface UserCodeOptions {
  /** Tasks. A task replaces a built-in task of the same name. */
  readonly tasks?: readonly Task[] | undefined;
  /**
   * Annotators that `annotator` may name, for every task that the definition names. Stage keys include the whole
   * module of an annotator that is a plain object; `tasks: [withAnnotators(task, …)]` includes only what it reaches.
   */
  readonly annotators?: readonly Annotator[] | undefined;
  /** Judges that `judge` fields may name, for every such task that is scored by comparison. */
  readonly judges?: readonly Judge[] | undefined;
}

const namesOf = (definition: SweepDefinition): Set<string> =>
  new Set(variantsOf(definition).flatMap((place) => questionSets(place.definition).map(({ task }) => task)));

/**
 * The user's tasks, with the annotators and judges added. Call it before the first `await`: the stack says in which
 * module annotators and judges were passed.
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
