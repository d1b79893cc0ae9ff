import { transferBetweenModels } from '../../analysis';
import type { BudgetAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis, SubjectName } from '../../contracts/analysis/sweep';
import type { ClaimVerdict } from '../../contracts/analysis/verdicts';

/** Without fields that the document has elsewhere; price curves alone would make it several times as long. */
type SubjectRest = Omit<SubjectAnalysis, 'prices' | 'gains' | 'frontier' | 'transfers'>;

const elsewhere: readonly string[] = ['prices', 'gains', 'frontier', 'transfers'];

function restOf(analysis: SubjectAnalysis): SubjectRest {
  const rest = Object.entries(analysis).filter(([name]) => !elsewhere.includes(name));
  return Object.fromEntries(rest) as unknown as SubjectRest;
}

/**
 * The document of `budgetline analyze --json`, with the names and units of the file. With axes, rows have `axes`,
 * column → value.
 */
export interface ResultsDocument {
  readonly format: 1;
  readonly source: string;
  readonly best: readonly object[];
  readonly regions: readonly object[];
  readonly diagnoses: readonly object[];
  readonly verdicts: readonly object[];
  /** The best fraction by price ratio, and where it changes. */
  readonly prices: readonly object[];
  readonly gains: readonly object[];
  readonly frontier: readonly object[];
  /** From each budget to each larger one: |R_from ∩ R_to| / |R_from|. */
  readonly transfers: readonly object[];
  /** The same from each model to each other model of its task, by budget. */
  readonly model_transfers: readonly object[];
  readonly notes: readonly string[];
  /** The rest of each analysis; scores from 0 to 1. */
  readonly analyses: readonly SubjectRest[];
}

interface Subject {
  readonly analysis: SubjectAnalysis;
  /** 1, or 100 if the file's scores are percentages. */
  readonly scale: number;
}

/** A score in the file's units, without rounding noise. */
function inUnits(share: number, scale: number): number;
function inUnits(share: number | null, scale: number): number | null;
function inUnits(share: number | null, scale: number): number | null {
  return share === null ? null : Number((share * scale).toPrecision(12));
}

/** The task, model and axis values of a row. */
function subjectOf({ task, model, axes }: SubjectName): SubjectName {
  return { task, model, axes };
}

function bestRow({ analysis, scale }: Subject, budget: BudgetAnalysis): object {
  return {
    ...subjectOf(analysis),
    budget: budget.budget,
    sft_fraction: budget.sftFraction,
    score: inUnits(budget.score.estimate, scale),
    score_low: inUnits(budget.score.low, scale),
    score_high: inUnits(budget.score.high, scale),
    sft_rows: budget.sftRows,
    pair_rows: budget.pairRows,
    held_out_fraction: budget.heldOut?.sftFraction ?? null,
    held_out_score: inUnits(budget.heldOut?.score.estimate ?? null, scale),
    over_base: inUnits(budget.overBase?.estimate ?? null, scale),
    beats_base: budget.beatsBase,
    probability_best: budget.probabilityBest,
    no_winner: budget.noWinner,
    tied: budget.tied,
    statistically_tied: budget.probabilityBest === null ? null : budget.indistinguishable,
  };
}

function regionRows(analysis: SubjectAnalysis, { budget, regions }: BudgetAnalysis): object[] {
  const rows = regions.map(({ settled, ...region }) => ({ budget, ...region, ...settled }));
  return withSubject(analysis, rows);
}

function verdictRow(analysis: SubjectAnalysis, verdict: ClaimVerdict): object {
  const { pointsTo, decidedBy, pointStatement, ...rest } = verdict;
  return {
    ...subjectOf(analysis),
    ...rest,
    points_to: pointsTo,
    point_statement: pointStatement,
    decided_by: decidedBy,
  };
}

function coldStartRows({ coldStart }: SubjectAnalysis): object[] {
  return coldStart
    .filter(({ status }) => status === 'present')
    .map(({ kind, budget, strength, recovered, warmFraction, repairedBy, evidence, advice }) => ({
      kind,
      budget,
      sft_fraction: 0,
      strength,
      recovered,
      warm_fraction: warmFraction,
      repaired_by: repairedBy,
      evidence,
      advice,
    }));
}

function stagnationRows({ stagnation, cells }: SubjectAnalysis): object[] {
  if (stagnation?.status !== 'present') return [];
  const few = cells.filter(({ sftFraction, pairRows }) => sftFraction === 0 && pairRows < 1000);
  const { kind, gains, rise, advice } = stagnation;
  const budget = Math.max(...few.map((cell) => cell.budget));
  return [{ kind, budget, sft_fraction: 0, evidence: { gains, rise }, advice }];
}

function findingRows({ findings }: SubjectAnalysis): object[] {
  return findings
    .filter(({ status, kind }) => status === 'present' || kind === 'buy-more-or-stop')
    .map(({ kind, budget, sftFraction, status, evidence, advice }) => ({
      kind,
      budget,
      sft_fraction: sftFraction,
      decision: kind === 'buy-more-or-stop' ? decisions[status] : undefined,
      evidence,
      advice,
    }));
}

const decisions = { present: 'stop', absent: 'buy more', unclear: 'undecided' } as const;

function priceRows({ prices }: SubjectAnalysis): object[] {
  return prices.map(({ money, own, from, to, skipped, switches, curve }) => ({
    money_in_pairs: money,
    from,
    to,
    skipped,
    own_ratio: own,
    best_at: ratiosShown(own).map((ratio) => ({ ratio, sft_fraction: bestAt(curve, ratio) })),
    switches: switches.map(({ fromFraction, toFraction, ...rest }) => ({
      ...rest,
      from_fraction: fromFraction,
      to_fraction: toFraction,
    })),
  }));
}

/** Round ratios, and that of the prices. */
function ratiosShown(own?: number): number[] {
  const all = [0.5, 1, 2, 5, 10, ...(own === undefined ? [] : [own])];
  return [...new Set(all)].sort((a, b) => a - b);
}

function bestAt(curve: SubjectAnalysis['prices'][number]['curve'], wanted: number): number | null {
  return curve.find(({ ratio }) => Math.abs(ratio - wanted) < 1e-9)?.best ?? null;
}

function withSubject(subject: SubjectName, rows: readonly object[]): object[] {
  return rows.map((row) => ({ ...subjectOf(subject), ...row }));
}

/** Combines the analyses of a table. Lists only diagnoses that are present. */
export function toResultsDocument(options: {
  readonly source: string;
  readonly subjects: readonly Subject[];
  readonly notes: readonly string[];
}): ResultsDocument {
  const { source, subjects, notes } = options;
  const analyses = subjects.map(({ analysis }) => analysis);
  return {
    format: 1,
    source,
    best: subjects.flatMap((subject) => subject.analysis.budgets.map((budget) => bestRow(subject, budget))),
    regions: analyses.flatMap((analysis) =>
      analysis.budgets.flatMap((budget) => regionRows(analysis, budget)),
    ),
    diagnoses: analyses.flatMap((analysis) =>
      withSubject(analysis, [
        ...coldStartRows(analysis),
        ...stagnationRows(analysis),
        ...findingRows(analysis),
      ]),
    ),
    verdicts: analyses.flatMap((analysis) =>
      analysis.verdicts.map((verdict) => verdictRow(analysis, verdict)),
    ),
    prices: analyses.flatMap((analysis) => withSubject(analysis, priceRows(analysis))),
    gains: analyses.flatMap((analysis) => withSubject(analysis, analysis.gains)),
    frontier: analyses.flatMap((analysis) => withSubject(analysis, analysis.frontier)),
    transfers: analyses.flatMap((analysis) => withSubject(analysis, analysis.transfers)),
    model_transfers: transferBetweenModels(analyses),
    notes,
    analyses: analyses.map(restOf),
  };
}
