import { countOf, formatCount, itemName, joinList } from '../../contracts/text';
import type { ScoredAnswer, TriedAuthor, TriedLabels } from './tried';

/** Scores and lengths of the answers of one author. */
export interface TriedAnswers {
  /** Name of the annotator; null: the reference answers. */
  readonly annotator: string | null;
  /** Number of answers. */
  readonly items: number;
  /** Answers that score 1. */
  readonly full: number;
  /** Answers that score at least `threshold`; above 0 where there is none. */
  readonly reaching: number;
  readonly mean: number;
  readonly lowest: number;
  /** Lengths in characters. */
  readonly characters: { readonly min: number; readonly median: number; readonly max: number };
  /** Items for which it has no answer. */
  readonly without: number;
  /** Items for which there was no time. */
  readonly untried: number;
}

/** One item as the model sees it, with its reference answer. */
export interface TriedExample {
  readonly item: string;
  readonly prompt: string;
  readonly answer: string;
  readonly score: number;
}

/** What the trial of a task showed. */
export interface TaskTrial {
  readonly task: string;
  /** Name of the auxiliary task; left out for the trained task. */
  readonly auxiliary?: string;
  /** `pairs.threshold`; left out where no verifier makes pairs: auxiliary tasks, pairs of a file or by labels. */
  readonly threshold?: number;
  /** Reference answers first. Annotators without any answer are left out. */
  readonly answers: readonly TriedAnswers[];
  /** Preference annotators that are programs. Those that fail are left out. */
  readonly labels: readonly TriedLabels[];
  readonly example?: TriedExample;
  readonly warnings: readonly string[];
}

/** Whether an answer is good enough to be the chosen one of a pair; without a threshold: not worthless. */
const reaches = (score: number, threshold: number | undefined): boolean =>
  threshold === undefined ? score > 0 : score >= threshold;

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

function summarizeAuthor(
  { annotator, answers, without, untried }: TriedAuthor,
  threshold: number | undefined,
): TriedAnswers | undefined {
  if (answers.length === 0) return undefined;
  const scores = answers.map(({ score }) => score);
  const lengths = answers.map(({ text }) => text.length).sort((a, b) => a - b);
  return {
    annotator,
    items: answers.length,
    full: scores.filter((score) => score === 1).length,
    reaching: scores.filter((score) => reaches(score, threshold)).length,
    mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    lowest: Math.min(...scores),
    characters: { min: lengths[0] ?? 0, median: median(lengths), max: lengths.at(-1) ?? 0 },
    without: without.length,
    untried,
  };
}

const named = 3;

/** "pool-00001, pool-00007 and 4 more". */
function namesOf(answers: readonly ScoredAnswer[]): string {
  const names = answers.slice(0, named).map(({ problem }) => itemName(problem));
  const more = answers.length - names.length;
  return joinList([...names, ...(more > 0 ? [`${more} more`] : [])]);
}

const plain = (score: number): string => String(Number(score.toPrecision(3)));

export interface SummaryOptions extends Pick<TaskTrial, 'task' | 'auxiliary' | 'threshold'> {
  /** Default: none. */
  readonly labels?: readonly TriedLabels[];
  /** The annotator that the definition uses; left out if it is none of the tried ones. */
  readonly annotator?: string;
}

/** Reference answers that are missing, or for which there was no time. */
function missingWarnings({ answers, without, untried }: TriedAuthor, task: string): string[] {
  const [missing] = without;
  const tried = countOf(answers.length + without.length, 'tried item');
  return [
    ...(missing === undefined
      ? []
      : [
          `${without.length} of ${tried} of task ${task} have no reference answer, first ${itemName(missing.problem)}; pairs.chosen "gold" cannot use them.`,
        ]),
    ...(untried === 0
      ? []
      : [
          `${formatCount(answers.length + without.length)} of ${countOf(answers.length + without.length + untried, 'reference answer')} of task ${task} were tried, because its verifier is slow: an incorrect one among the others would be trained on.`,
        ]),
  ];
}

function referenceWarnings({ answers }: TriedAuthor, { task, threshold }: SummaryOptions): string[] {
  const low = answers.filter(({ score }) => !reaches(score, threshold));
  if (low.length === 0) return [];
  const lowest = plain(Math.min(...low.map(({ score }) => score)));
  const how =
    threshold === undefined
      ? 'score 0'
      : `score below ${plain(threshold)} (pairs.threshold), the lowest ${lowest}`;
  return [
    `${low.length} of ${countOf(answers.length, 'tried reference answer')} of task ${task} ${how}: ${namesOf(low)}.`,
  ];
}

function annotatorWarnings({ annotator, answers, without, failure }: TriedAuthor, used: boolean): string[] {
  const who = `Annotator ${annotator ?? ''}`;
  if (failure !== undefined) return [`${who} fails on ${itemName(failure.problem)}: ${failure.reason}`];
  const [refused] = without;
  const some =
    used && refused !== undefined
      ? [
          `${who} has no answer to ${without.length} of ${countOf(without.length + answers.length, 'item')}. ` +
            `${itemName(refused.problem)}: ${refused.reason}`,
        ]
      : [];
  const isWorthless = answers.length > 0 && answers.every(({ score }) => score === 0);
  const all = isWorthless
    ? [`All ${countOf(answers.length, 'answer')} of ${who.toLowerCase()} score 0.`]
    : [];
  return [...some, ...all];
}

function labelWarnings({ annotator, pairs, preferred, failure }: TriedLabels): string[] {
  const who = `Preference annotator ${annotator}`;
  if (failure !== undefined) return [`${who} fails on ${itemName(failure.problem)}: ${failure.reason}`];
  if (pairs === 0 || preferred > 0) return [];
  return [`${who} prefers none of ${countOf(pairs, 'reference answer')} to the answer of another item.`];
}

/** Summarizes the answers of a trial, references first. */
export function summarizeTrial(tried: readonly TriedAuthor[], options: SummaryOptions): TaskTrial {
  const { task, auxiliary, threshold, annotator, labels = [] } = options;
  const first = tried[0]?.answers[0];
  return {
    task,
    auxiliary,
    threshold,
    answers: tried.flatMap((author) => summarizeAuthor(author, threshold) ?? []),
    labels: labels.filter(({ failure }) => failure === undefined),
    example: first && {
      item: first.problem.id,
      prompt: first.problem.prompt,
      answer: first.text,
      score: first.score,
    },
    warnings: [
      ...tried.flatMap((author) =>
        author.annotator === null
          ? [...referenceWarnings(author, options), ...missingWarnings(author, options.task)]
          : annotatorWarnings(author, author.annotator === annotator),
      ),
      ...labels.flatMap(labelWarnings),
    ],
  };
}
