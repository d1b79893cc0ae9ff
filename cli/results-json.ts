import type { BudgetAnalysis, ClaimVerdict, SubjectAnalysis } from '../contracts/analysis';

/** What `budgetline analyze --json` prints: names as in the file, scores in the file's own units. */
export interface ResultsDocument {
  readonly format: 1;
  readonly source: string;
  readonly best: readonly object[];
  readonly regions: readonly object[];
  readonly diagnoses: readonly object[];
  readonly verdicts: readonly object[];
  readonly notes: readonly string[];
  /** The whole analysis of each task and model, scores as shares. */
  readonly analyses: readonly SubjectAnalysis[];
}

interface Subject {
  readonly analysis: SubjectAnalysis;
  /** 1, or 100 where the file has points. */
  readonly scale: number;
}

/** A share in the file's units, without the dust of the way there and back. */
function inUnits(share: number, scale: number): number;
function inUnits(share: number | null, scale: number): number | null;
function inUnits(share: number | null, scale: number): number | null {
  return share === null ? null : Number((share * scale).toPrecision(12));
}

function bestRow({ analysis, scale }: Subject, budget: BudgetAnalysis): object {
  const { task, model } = analysis;
  return {
    task,
    model,
    budget: budget.budget,
    sft_fraction: budget.sftFraction,
    score: inUnits(budget.score.estimate, scale),
    score_low: inUnits(budget.score.low, scale),
    score_high: inUnits(budget.score.high, scale),
    sft_rows: budget.sftRows,
    pair_rows: budget.pairRows,
    over_base: inUnits(budget.overBase?.estimate ?? null, scale),
    beats_base: budget.beatsBase,
    probability_best: budget.probabilityBest,
    tied: budget.tied,
    not_told_apart: budget.probabilityBest === null ? null : budget.indistinguishable,
  };
}

function regionRow({ task, model }: SubjectAnalysis, { budget, region }: BudgetAnalysis): object {
  return { task, model, budget, ...region };
}

function verdictRow({ task, model }: SubjectAnalysis, verdict: ClaimVerdict): object {
  const { pointsTo, decidedBy, pointStatement, ...rest } = verdict;
  return {
    task,
    model,
    ...rest,
    points_to: pointsTo,
    point_statement: pointStatement,
    decided_by: decidedBy,
  };
}

function coldStartRows({ task, model, coldStart }: SubjectAnalysis): object[] {
  return coldStart
    .filter(({ status }) => status === 'present')
    .map(({ kind, budget, strength, recovered, warmFraction, repairedBy, evidence, advice }) => ({
      task,
      model,
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

function stagnationRows({ task, model, stagnation, cells }: SubjectAnalysis): object[] {
  if (stagnation?.status !== 'present') return [];
  const few = cells.filter(({ sftFraction, pairRows }) => sftFraction === 0 && pairRows < 1000);
  const { kind, gains, rise, advice } = stagnation;
  const budget = Math.max(...few.map((cell) => cell.budget));
  return [{ task, model, kind, budget, sft_fraction: 0, evidence: { gains, rise }, advice }];
}

/** Puts the analyses of a table into one document. Of the diagnoses, those that are present. */
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
    regions: analyses.flatMap((analysis) => analysis.budgets.map((budget) => regionRow(analysis, budget))),
    diagnoses: analyses.flatMap((analysis) => [...coldStartRows(analysis), ...stagnationRows(analysis)]),
    verdicts: analyses.flatMap((analysis) =>
      analysis.verdicts.map((verdict) => verdictRow(analysis, verdict)),
    ),
    notes,
    analyses,
  };
}
