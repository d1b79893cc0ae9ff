import type { CodeOrigin } from '../core/code';
import type { ProblemData } from '../schemas/definition';
import type { LabelPattern, Metrics } from './metrics';
import type { AnnotatorIdentity } from './provenance';
import type { RecordsFile } from './records';
import type { ItemResult } from '../schemas/rows';

/** One problem of a task. Its other fields are known only to the task. */
export interface Problem {
  readonly id: string;
  /** File and line of its row: "train.jsonl:2". Left out for generated problems. */
  readonly place?: string;
  /** The prompt exactly as the model gets it, up to where the answer begins. */
  readonly prompt: string;
  /** The reference answer that a verifier compares with, e.g. "10". */
  readonly target: string;
}

/** A task's problems. The splits are disjoint by normalized text and, for synthetic problems, by `dedupKey`. */
export interface ProblemSet<P extends Problem = Problem> {
  /** Problems that a budget may buy rows for. */
  readonly pool: readonly P[];
  readonly validation: readonly P[];
  readonly test: readonly P[];
  /** Excluded rows, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
}

/** Returns numbers from [0, 1). Depends only on the seed and the number of calls. */
export type Random = () => number;

/** Writes demonstrations: a program, a model or people. */
export interface Annotator<P extends Problem = Problem> {
  /** Name in definitions (`annotator`). */
  readonly name: string;
  /** One sentence for reports: the annotator's errors and their frequency. */
  readonly description: string;
  /** Identity apart from its name. Not needed for a program of version 1. */
  identify?(): Promise<AnnotatorIdentity>;
  /** The place where it was defined; set by the package. */
  readonly code?: CodeOrigin;
  /** Returns the completion for one problem; `random` is seeded by (seed, problem). */
  demonstrate(problem: P, random: Random): string;
  /**
   * For annotators that work on batches (a model endpoint, people): one completion per problem, in order. null for a problem
   * that the annotator refuses: its row is left out and counted.
   */
  annotateBatch?(problems: readonly P[], session: AnnotationSession): Promise<readonly (string | null)[]>;
}

/** Context of a batch of annotation. */
export interface AnnotationSession {
  /** The annotator's folder in the store. It outlives attempts and stages, and has one writer at a time. */
  readonly folder: string;
  /** Key of the stage that asks for the answers and pays for them. */
  readonly stage: string;
  /** Cost that the stage's ledger already records. An attempt that was killed recorded nothing. */
  readonly billed: Required<AnnotationCost>;
  /** Maximum that may still be spent, in US dollars; left out without a limit. */
  readonly allowanceUsd?: number;
  /** Aborted when the stage should stop. */
  readonly signal: AbortSignal;
  /** Reports how many problems have an answer. */
  report(done: number, of: number): void;
  /**
   * Reports the cost of answers just paid for. Report a zero bill too: without one the ledger falls back to
   * the list price.
   */
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
  /** Maximum length of an answer, in tokens. */
  readonly maxNewTokens: number;
}

export interface AnnotationCost {
  /** Default: 1. */
  readonly calls?: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

/** Two answers to one prompt, in the order in which a judge sees them. */
export interface Comparison {
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
  /**
   * For preference labels: the number of this label of its item, from 0. Each label is a draw of its own. Left out for
   * verdicts of evaluations.
   */
  readonly label?: number;
}

/** A label of two answers: which is better. A refusal is a label without an opinion, e.g. an unreadable one. */
export type Preference = 'first' | 'second' | 'tie' | 'refusal';

/** Two answers to one problem, for one label. `first` and `second` are swapped where `label` is odd. */
export interface PreferenceItem<P extends Problem = Problem> extends Comparison {
  readonly problem: P;
  readonly label: number;
}

/** Labels which of two answers is better: a program, a model or people. */
export interface PreferenceAnnotator<P extends Problem = Problem> {
  /** Name in definitions (`pairs.annotator`). */
  readonly name: string;
  /** One sentence for reports: how this annotator decides. */
  readonly description: string;
  /** Identity apart from its name. */
  identify?(): Promise<AnnotatorIdentity>;
  /** The place where it was defined; set by the package. */
  readonly code?: CodeOrigin;
  /** For programs: the label of one item. A plan tries it. */
  prefer?(item: PreferenceItem<P>): Preference;
  /** One label per item, in order, of the answers as they are shown. */
  preferBatch(
    items: readonly PreferenceItem<P>[],
    session: AnnotationSession,
  ): Promise<readonly Preference[]>;
}

/** What a judge is asked for: verdicts of an evaluation, or labels that are bought for pairs. */
export type JudgeUse = 'verdict' | 'label';

/** Compares answers, all of a stage at once: a model or people. */
export interface Judge {
  /** Name in definitions (`evaluation.judge`). */
  readonly name: string;
  /** One sentence for reports: how this judge decides. */
  readonly description: string;
  /** Identity apart from its name, which may depend on the use. Default: verdicts. */
  identify?(use?: JudgeUse): Promise<AnnotatorIdentity>;
  /** The place where it was defined; set by the package. */
  readonly code?: CodeOrigin;
  /** One verdict per comparison, in order, in the judge's own words: "[[A]]", "[[B]]", "[[tie]]". */
  compareBatch(comparisons: readonly Comparison[], session: AnnotationSession): Promise<readonly string[]>;
}

/** An answer and the reference that it is compared with. */
export interface ComparedAnswer {
  readonly prompt: string;
  readonly answer: string;
  readonly reference: string;
}

/** How an answer ended: by the end-of-sequence token, or at the length limit. */
export type Finish = 'stop' | 'length';

/** A verifier's result for one answer. */
export interface Assessment {
  /** 1 correct, 0 incorrect. */
  readonly score: number;
  /** Whether the answer has the requested format. */
  readonly wellFormed: boolean;
  /** Whether the answer has no end: cut off at the token limit, or continued with another question. */
  readonly truncated: boolean;
  /** Fraction of word 4-grams that occur earlier in the answer, 0 … 1. */
  readonly repetition: number;
  /** Further scores by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** Calls a function of a task for an item. The name is that of the task's field. */
export type CallFunction = <T>(name: string, item: Pick<Problem, 'id' | 'place'>, call: () => T) => T;

/** Reads a task's external files. */
export interface TaskContext {
  /** The records of an external file, by its name in the definition ("train", "test"). */
  readRecords(name: string): Promise<RecordsFile>;
  /**
   * Runs the part of a load that makes problems, which calls the task's functions by `call`. A plan stops and names a
   * function that does not end. Default: runs it.
   */
  run?<T>(make: (call: CallFunction) => T): T;
}

/** A task: problems, annotators, a gold answer, a verifier. Workers register it by name. */
export interface Task<P extends Problem = Problem> {
  /** Name in definitions (`task`). */
  readonly name: string;
  /** Name of the score, e.g. "accuracy". */
  readonly metric: string;
  /** The places where the problems and the verifier were defined; set by the package. */
  readonly code?: { readonly problems: CodeOrigin; readonly grading: CodeOrigin };
  /** Names of the external files that the problems are read from: "test", and "train" if there is one. */
  fileNames(data: ProblemData): readonly string[];
  /** Reads or generates the problems. */
  load(data: ProblemData, context: TaskContext): Promise<ProblemSet<P>>;
  readonly annotators: readonly Annotator<P>[];
  /** The reference answer in the required format. */
  gold(problem: P): string;
  /** The verifier: scores a completion. */
  score(problem: P, completion: string, finish: Finish): Assessment;
  /**
   * The part of the prompt that is specific to this problem. Used for leakage checks, to recognize it in
   * other files, and to put the problems of other files into this task's prompt. Default: the whole prompt.
   */
  leakageText?(problem: P): string;
  /**
   * What determines a problem's answer, without names. Problems with equal keys are never both trained on
   * and tested.
   */
  dedupKey?(problem: P): string;
  /** For tasks scored by win rate: the texts that a judge compares. */
  comparison?(problem: P, completion: string): ComparedAnswer;
  /** Judges that a definition may name (`judge`) instead of the task's own verifier. */
  readonly judges?: readonly Judge[];
  /** Preference annotators that a definition may name (`pairs.annotator`) instead of the task's own verifier. */
  readonly preferenceAnnotators?: readonly PreferenceAnnotator<P>[];
  /** Statistics over all test items that are not means, e.g. a length-controlled win rate. */
  summarize?(items: readonly ItemResult[]): Readonly<Record<string, number>>;
}
