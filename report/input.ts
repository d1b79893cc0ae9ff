import type { AuditTotals } from '../contracts/run-timeline';
import type { SubjectAnalysis, SweepAnalysis } from '../contracts/analysis/sweep';
import type { SweepDefinition } from '../schemas/definition';
import type { LossFacts } from '../losses/facts';
import type { OtherPricing, SweepResult } from '../contracts/results';
import type { ItemResult } from '../schemas/rows';

/** One optimiser step of a training stage, or one evaluation of its held-out rows, as in metrics.jsonl. */
export interface MetricRow {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A training stage to chart, with its artifact's metrics.jsonl. */
export interface TrainingEvidence {
  readonly learnsFrom: 'demonstrations' | 'pairs';
  readonly name: string;
  /** Of its cell: one SFT share has one colour in all charts. */
  readonly sftFraction: number;
  readonly rows: readonly MetricRow[];
}

/** A model with sample answers: the first rows of its artifact's items.jsonl. */
export interface AnswerEvidence {
  readonly name: string;
  readonly items: readonly ItemResult[];
}

/** Input of the charts and sections of one task and base model. */
export interface Chapter {
  readonly analysis: SubjectAnalysis;
  /** Name of the score: "Accuracy". */
  readonly metric: string;
  /** Of preference tuning. Undefined: a table of scores does not say. */
  readonly loss?: LossFacts;
  /** Prefix of the ids of its sections and charts. Empty: the page has one chapter. */
  readonly prefix: string;
  /** Prefix of the titles of its sections, such as "gsm8k, llama". Empty: the page has one chapter. */
  readonly name: string;
}

/** A page over a table of scores, a chapter for each task and model. */
export interface TableReportInput {
  /** Source of the scores, such as the file's name. */
  readonly source: string;
  readonly analyses: readonly SubjectAnalysis[];
  /** Notes for the reader: recognised scales, assumed prices. */
  readonly notes: readonly string[];
  readonly packageVersion?: string;
}

/** Where and how the sweep ran. Unknown fields are left out, with their lines. */
export interface RunRecord {
  readonly workflowId?: string;
  readonly runId?: string;
  /** Page of the run in Temporal's UI. */
  readonly temporalUi?: string;
  readonly finishedAt?: string;
  /** From `npm start` to the table, without getting Temporal. */
  readonly elapsedMs?: number;
  /** Getting and starting the Temporal server. */
  readonly serverMs?: number;
  readonly packageVersion?: string;
  readonly trainer?: string;
  readonly host?: string;
  readonly modelDigest?: string;
  /** The judge, and whether it is also the annotator. Left out: the task's verifier scored. */
  readonly judge?: string;
}

/** One place on a sweep's axes, with a link to its report. */
export interface PlaceLink {
  readonly analysis: SubjectAnalysis;
  /** A heading of this page, or another page. Left out: the place of this page. */
  readonly href?: string;
}

/** Input of a report: plain data, read by the caller. */
export interface ReportInput {
  readonly definition: SweepDefinition;
  readonly result: SweepResult;
  readonly analysis: SweepAnalysis;
  readonly loss: LossFacts;
  /** One sentence on the annotator's errors. */
  readonly annotatorDescription: string;
  /** Rows of the pipeline that cost neither a demonstration nor a pair. Left out: there are none. */
  readonly otherPrices?: readonly OtherPricing[] | undefined;
  /** Every place on the sweep's axes. Empty: no axes. */
  readonly places: readonly PlaceLink[];
  readonly training: readonly TrainingEvidence[];
  readonly answers: readonly AnswerEvidence[];
  readonly run: RunRecord;
  /** Totals of the run by its ledger. Left out: the ledger is on another host. */
  readonly totals?: AuditTotals;
}
