/**
 * What Temporal indexes of every run: attribute → type. A namespace has few places for them (a development server ten
 * keywords and three of each other type, measured), so there is one for each question that people ask, and no more.
 */
export const searchAttributes = {
  /** Id of the cell: of a sweep's child, or of an experiment that stands for itself. */
  BudgetlineExperiment: 'KEYWORD',
  BudgetlineSweep: 'KEYWORD',
  /** The first digits of the keys of its stages, as the plan and `audit` print them. */
  BudgetlineStage: 'KEYWORD_LIST',
  BudgetlineTask: 'KEYWORD',
  BudgetlineModel: 'KEYWORD',
  /** Share of the budget's rows that are demonstrations. */
  BudgetlineFraction: 'DOUBLE',
  /** Rows that the budget buys, of a budget of money too. */
  BudgetlineBudget: 'INT',
  /** SHA-256 of the definition that was started. */
  BudgetlineDigest: 'KEYWORD',
} as const;

export type SearchAttributeName = keyof typeof searchAttributes;

/** Digits of a stage's key that are indexed. */
export const stageKeyDigits = 12;

/** An attribute with its value, in the form that Temporal's client and its workflows take. */
export type SearchAttribute =
  | { readonly key: { name: string; type: 'KEYWORD' }; readonly value: string }
  | { readonly key: { name: string; type: 'KEYWORD_LIST' }; readonly value: string[] }
  | { readonly key: { name: string; type: 'INT' }; readonly value: number }
  | { readonly key: { name: string; type: 'DOUBLE' }; readonly value: number };
