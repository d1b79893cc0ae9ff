import type { Problem, ProblemSet, Task } from '../contracts/task';
import { normalizeText } from '../text/normalize';
import { type Compared, overlapWith } from '../text/overlap';
import type { RowFault } from './types';

/** Test items that no training row may overlap. */
export interface HeldOutSet {
  /** For messages. */
  readonly name: string;
  readonly task: Task;
  readonly problems: readonly Problem[];
  /** Generated from templates, which share long runs of words by design. */
  readonly templated: boolean;
}

/** The task that training rows belong to. */
export interface TrainedTask {
  readonly task: Task;
  /** Its problems are generated from templates. */
  readonly templated: boolean;
}

export const leakageTextOf = (task: Task, problem: Problem): string =>
  task.leakageText?.(problem) ?? problem.prompt;

/** Returns how a text overlaps held-out ones; undefined where it does not. */
export type Overlap = (one: Compared) => string | undefined;

/** What rows were compared with. */
export interface HeldOutCounts {
  /** The set's name: a file, an auxiliary task; empty for the task's own test and validation items. */
  readonly name: string;
  /** Records that have a prompt. */
  readonly prompts: number;
  /** Records that have none, and were not compared. */
  readonly withoutPrompt: number;
  /** Records that cannot be read, and were not compared. */
  readonly unreadable: readonly RowFault[];
}

/** An overlap check against one set of held-out prompts. */
export interface NamedOverlap extends HeldOutCounts {
  readonly overlap: Overlap;
}

const sameText = (texts: readonly string[]): Overlap => {
  const known = new Set(texts.map(normalizeText));
  return ({ text, by }) => (by !== 'n-grams' && known.has(normalizeText(text)) ? 'same text' : undefined);
};

/** Compares leakage texts, 13-grams and whole prompts; dedup keys within one task only. */
function overlapOf({ task, problems, templated }: Omit<HeldOutSet, 'name'>, trained: TrainedTask): Overlap {
  const texts = problems.map((problem) => ({
    text: leakageTextOf(task, problem),
    dedupKey: task.name === trained.task.name ? task.dedupKey?.(problem) : undefined,
  }));
  const byText = overlapWith(texts, { ngrams: !templated && !trained.templated });
  const byPrompt = sameText(problems.map(({ prompt }) => prompt));
  return (one) => byText(one) ?? byPrompt(one);
}

/** The check against a set of problems. */
export const overlapWithSet = (set: HeldOutSet, trained: TrainedTask): NamedOverlap => ({
  name: set.name,
  prompts: set.problems.length,
  withoutPrompt: 0,
  unreadable: [],
  overlap: overlapOf(set, trained),
});

export interface Decontaminated {
  /** The problems without those that overlap; `excluded` counts these by set and reason. */
  readonly problems: ProblemSet;
  /** Names of the held-out sets that a problem overlapped. */
  readonly overlapping: readonly string[];
}

/** Removes problems that overlap held-out test items from a task's pool and validation set. */
export function decontaminate(
  problems: ProblemSet,
  { heldOut, trained }: { heldOut: readonly HeldOutSet[]; trained: TrainedTask },
): Decontaminated {
  if (heldOut.length === 0) return { problems, overlapping: [] };
  const { task } = trained;
  const excluded = { ...problems.excluded };
  const overlapping = new Set<string>();
  const overlaps = heldOut.map((set) => overlapWithSet(set, trained));
  const isClean = (problem: Problem): boolean => {
    const dedupKey = task.dedupKey?.(problem);
    const one = { text: leakageTextOf(task, problem), dedupKey };
    for (const { name, overlap } of overlaps) {
      const found = overlap(one);
      if (found === undefined) continue;
      const reason = `train row overlaps ${name}: ${found}`;
      excluded[reason] = (excluded[reason] ?? 0) + 1;
      overlapping.add(name);
      return false;
    }
    return true;
  };
  const [pool, validation] = [problems.pool.filter(isClean), problems.validation.filter(isClean)];
  return { problems: { ...problems, pool, validation, excluded }, overlapping: [...overlapping] };
}
