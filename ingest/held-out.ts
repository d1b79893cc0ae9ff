import type { Problem, ProblemSet, Task } from '../contracts/task';
import { normalizeText } from '../text/normalize';
import { type Compared, overlapWith } from '../text/overlap';

/** Problems of a task that is evaluated beside: what is like one of them is no row to train on. */
export interface HeldOutSet {
  /** As people know it. */
  readonly name: string;
  readonly task: Task;
  readonly problems: readonly Problem[];
  /** Generated, and so of templates that share long runs of words by design. */
  readonly templated: boolean;
}

/** What rows are held against held-out problems: a pool, or a file for a task whose problems are templated or not. */
export interface HeldApart {
  readonly task: Task;
  readonly templated: boolean;
}

export const contentOf = (task: Task, problem: Problem): string =>
  task.leakageText?.(problem) ?? problem.prompt;

/** Says what a text has in common with held-out ones; undefined where it is unlike all of them. */
export type Overlap = (one: Compared) => string | undefined;

/** Held-out prompts of one sort. */
export interface NamedOverlap {
  /** Of whom they are; empty for the task's own. */
  readonly name: string;
  readonly overlap: Overlap;
}

const sameText = (texts: readonly string[]): Overlap => {
  const known = new Set(texts.map(normalizeText));
  return ({ text }) => (known.has(normalizeText(text)) ? 'same text' : undefined);
};

/** By content, runs of words and skeletons, these of one task alone; and by the whole prompts. */
export function overlapOf({ task, problems, templated }: Omit<HeldOutSet, 'name'>, of: HeldApart): Overlap {
  const contents = problems.map((problem) => ({
    text: contentOf(task, problem),
    ...(task.name === of.task.name && task.dedupKey !== undefined
      ? { skeleton: task.dedupKey(problem) }
      : {}),
  }));
  const byContent = overlapWith(contents, { runs: !templated && !of.templated });
  const byPrompt = sameText(problems.map(({ prompt }) => prompt));
  return (one) => byContent(one) ?? byPrompt(one);
}

export interface KeptApart {
  /** The problems that are like no held-out one; the others are counted by whom they are like, and why. */
  readonly problems: ProblemSet;
  /** Names of the sets that problems were left out for. */
  readonly met: readonly string[];
}

/** Takes what is like held-out problems out of a task's pool and validation set, as tasks do for their own test items. */
export function keepApart(
  problems: ProblemSet,
  { heldOut, of }: { heldOut: readonly HeldOutSet[]; of: HeldApart },
): KeptApart {
  if (heldOut.length === 0) return { problems, met: [] };
  const { task } = of;
  const excluded = { ...problems.excluded };
  const met = new Set<string>();
  const overlaps: NamedOverlap[] = heldOut.map((set) => ({ name: set.name, overlap: overlapOf(set, of) }));
  const isUnlike = (problem: Problem): boolean => {
    const skeleton = task.dedupKey?.(problem);
    const one = { text: contentOf(task, problem), ...(skeleton === undefined ? {} : { skeleton }) };
    for (const { name, overlap } of overlaps) {
      const reason = overlap(one);
      if (reason === undefined) continue;
      const told = `train row like one of ${name}: ${reason}`;
      excluded[told] = (excluded[told] ?? 0) + 1;
      met.add(name);
      return false;
    }
    return true;
  };
  const [pool, validation] = [problems.pool.filter(isUnlike), problems.validation.filter(isUnlike)];
  return { problems: { ...problems, pool, validation, excluded }, met: [...met] };
}
