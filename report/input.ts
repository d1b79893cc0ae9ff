import type { AuditTotals } from '../contracts/run-timeline';
import type { SubjectAnalysis, SweepAnalysis } from '../contracts/analysis';
import type { SweepDefinition } from '../schemas/definition';
import type { PreferenceLoss } from '../schemas/losses';
import type { SweepResult } from '../contracts/results';
import type { ItemResult } from '../schemas/rows';

/** One optimiser step of a training stage, as metrics.jsonl has it. */
export interface MetricRow {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** A training stage worth drawing, with its artifact's metrics.jsonl. */
export interface TrainingEvidence {
  readonly kind: 'trainSft' | 'trainPreference';
  readonly name: string;
  /** Of its cell: one fraction has one colour in every picture. */
  readonly sftFraction: number;
  readonly rows: readonly MetricRow[];
}

/** A model whose answers are shown, with the first rows of its artifact's items.jsonl. */
export interface AnswerEvidence {
  readonly name: string;
  readonly items: readonly ItemResult[];
}

/** What the pictures and sections of one task and base model are made from. */
export interface Chapter {
  readonly analysis: SubjectAnalysis;
  /** Name of the score: "Accuracy". */
  readonly metric: string;
  /** Of preference tuning; undefined where scores were made elsewhere and nobody says. */
  readonly loss?: PreferenceLoss;
  /** Before the ids of its sections and pictures; empty where a page has one chapter. */
  readonly prefix: string;
  /** Before the titles of its sections: "gsm8k, llama"; empty where a page has one chapter. */
  readonly name: string;
}

/** A page over scores that were made elsewhere, a chapter for each task and model. */
export interface TableReportInput {
  /** Where the scores were read, e.g. the file's name. */
  readonly source: string;
  readonly analyses: readonly SubjectAnalysis[];
  /** What the reader of the file must know: scales that were recognised, prices that were assumed. */
  readonly notes: readonly string[];
  readonly packageVersion?: string;
}

/** Where and how the sweep ran. What is not known is left out, and so is its line. */
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
  /** Who judged answers, and whether it is who wrote them; left out where the task's own program did. */
  readonly judge?: string;
}

/** One place on a sweep's axes, and where it is told of in full. */
export interface PlaceLink {
  readonly analysis: SubjectAnalysis;
  /** A heading of this page, or another page beside it; left out for the place that this page is about. */
  readonly href?: string;
}

/** Everything that a report shows; plain data, read by the caller. */
export interface ReportInput {
  readonly definition: SweepDefinition;
  readonly result: SweepResult;
  readonly analysis: SweepAnalysis;
  /** One sentence on what the annotator gets wrong. */
  readonly annotatorDescription: string;
  /** Every place on the sweep's axes; empty where it has none. */
  readonly places: readonly PlaceLink[];
  readonly training: readonly TrainingEvidence[];
  readonly answers: readonly AnswerEvidence[];
  readonly run: RunRecord;
  /** What the whole run came to, by its ledger; left out where that is elsewhere. */
  readonly totals?: AuditTotals | undefined;
}
