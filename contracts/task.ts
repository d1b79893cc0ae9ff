import type { CodeOrigin } from './code';
import type { ProblemData } from '../schemas/definition';
import type { LabelPattern, Metrics } from './metrics';
import type { PartialReferences } from './resolved';
import type { AnnotatorIdentity } from './provenance';
import type { ItemResult } from '../schemas/rows';

/** One problem of a task. What else it holds is the task's own business. */
export interface Problem {
  readonly id: string;
  /** The prompt exactly as the model sees it, up to where the answer begins. */
  readonly prompt: string;
  /** The answer that a checker compares with, e.g. "10". */
  readonly target: string;
}

/** A task's problems, disjoint by normalised text and, for twins, by skeleton. */
export interface ProblemSet<P extends Problem = Problem> {
  /** What a budget may buy rows on. */
  readonly pool: readonly P[];
  readonly validation: readonly P[];
  readonly test: readonly P[];
  /** Rows left out and why, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
  /** Left out where there are none. */
  readonly partial?: PartialReferences;
}

/** Draws from [0, 1), a pure function of its seed and of how often it was called. */
export type Random = () => number;

/** Somebody or something that writes demonstrations. */
export interface Annotator<P extends Problem = Problem> {
  readonly name: string;
  /** One sentence for reports: what this annotator gets wrong, and how often. */
  readonly description: string;
  /** What it is beyond its name; a program of version 1 needs none. */
  identify?(): Promise<AnnotatorIdentity>;
  /** Where the user defined it. */
  readonly code?: CodeOrigin | undefined;
  /** The demonstration for one problem; `random` is seeded by (seed, problem). */
  demonstrate(problem: P, random: Random): string;
  /** Where an annotator works by the batch (a model behind a network, people): one completion a problem, in order. */
  annotateBatch?(problems: readonly P[], session: AnnotationSession): Promise<readonly string[]>;
}

/** What an annotator that works by the batch is given. */
export interface AnnotationSession {
  /** A folder of this annotator in the store, which outlives attempts and stages; nobody else writes there meanwhile. */
  readonly folder: string;
  /** The stage that asks: what is paid is paid for it. */
  readonly stage: string;
  /** What its ledger already tells of as paid; an attempt that was killed told of nothing. */
  readonly billed: Required<AnnotationCost>;
  /** Most that may be spent from now on, in US dollars; left out where a sweep has no limit. */
  readonly allowanceUsd?: number;
  /** Aborted when the stage should end. */
  readonly signal: AbortSignal;
  /** How many problems have an answer. */
  report(done: number, of: number): void;
  /** Tells of what was paid for just now. */
  spent(cost: AnnotationCost): void;
  /** Adds metrics to the stage's result; `labels` counts the labels of items that were labelled more than once. */
  record(metrics: Metrics, labels?: readonly LabelPattern[]): void;
  /** Greedy answers of a local model to prompts, in their order, through the training executable. */
  generate(request: LocalGeneration): Promise<readonly string[]>;
}

export interface LocalGeneration {
  /** Folder or GGUF file of the model. */
  readonly model: string;
  readonly prompts: readonly string[];
  readonly maxNewTokens: number;
}

export interface AnnotationCost {
  /** One unless told. */
  readonly calls?: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

/** Two answers to one prompt, in the order in which a judge is shown them. */
export interface Comparison {
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
}

/** Somebody or something that compares answers, all of a stage at once: a model, people. */
export interface Judge {
  readonly name: string;
  /** One sentence for reports: what this judge goes by. */
  readonly description: string;
  /** What it is beyond its name. */
  identify?(): Promise<AnnotatorIdentity>;
  /** Where the user defined it. */
  readonly code?: CodeOrigin | undefined;
  /** One verdict a comparison, in order, in the judge's own words: "[[A]]", "[[B]]", "[[tie]]". */
  compareBatch(comparisons: readonly Comparison[], session: AnnotationSession): Promise<readonly string[]>;
}

/** An answer and what it is held against. */
export interface ComparedAnswer {
  readonly prompt: string;
  readonly answer: string;
  readonly reference: string;
}

/** How an answer ended: by the end-of-sequence token, or by running out of room. */
export type Finish = 'stop' | 'length';

/** What a verifier says of one answer. */
export interface Assessment {
  /** 1 right, 0 wrong. */
  readonly score: number;
  readonly wellFormed: boolean;
  readonly truncated: boolean;
  /** Share of word 4-grams that occur earlier in the answer, 0 … 1. */
  readonly repetition: number;
  readonly scores: Readonly<Record<string, number>>;
}

/** How a task reads its external files; lines are given with their numbers so that errors can name them. */
export interface TaskContext {
  /** The text of an external file, by its name in the definition ("train", "test"). */
  readText(name: string): Promise<{ path: string; text: string }>;
}

/** A task is code: problems, annotators, a gold answer, a verifier. Registered on workers by name. */
export interface Task<P extends Problem = Problem> {
  readonly name: string;
  /** The name of the score, e.g. "accuracy". */
  readonly metric: string;
  /** Where the user defined how problems are made and put, and how answers are judged. */
  readonly code?: { readonly problems: CodeOrigin; readonly grading: CodeOrigin };
  /** Names of the external files that these problems are read from: "test", and "train" where there is one. */
  fileNames(data: ProblemData): readonly string[];
  load(data: ProblemData, context: TaskContext): Promise<ProblemSet<P>>;
  readonly annotators: readonly Annotator<P>[];
  /** The reference answer in the asked format. */
  gold(problem: P): string;
  score(problem: P, completion: string, finish: Finish): Assessment;
  /**
   * What of a problem is its own, as it stands in the prompt: for leakage checks, to know it again in files of others, and
   * to put their problems as this task puts its own. The whole prompt unless told.
   */
  leakageText?(problem: P): string;
  /** What decides a problem's answer, names left out: of two alike, one is never trained on where the other is tested. */
  dedupKey?(problem: P): string;
  /** Of a task that is scored by win rate: what a judge compares. */
  comparison?(problem: P, completion: string): ComparedAnswer;
  /** Judges that definitions may name (`judge`), beside the task's own program. */
  readonly judges?: readonly Judge[];
  /** Figures over all test items that are no means, e.g. a length-controlled win rate. */
  summarize?(items: readonly ItemResult[]): Readonly<Record<string, number>>;
}
