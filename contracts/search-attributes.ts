/**
 * Search attributes of every run: name → type. A namespace has few (measured on a development server: ten
 * keywords and three of each other type), so there is one for each question that people ask.
 */
export const searchAttributes = {
  /** Id of the cell: of a sweep's child, or of a single experiment. */
  BudgetlineExperiment: 'KEYWORD',
  BudgetlineSweep: 'KEYWORD',
  /** The first digits of its stages' keys, as the plan and `audit` print them. */
  BudgetlineStage: 'KEYWORD_LIST',
  BudgetlineTask: 'KEYWORD',
  BudgetlineModel: 'KEYWORD',
  /** SFT fraction: the share of the budget's rows that are demonstrations. */
  BudgetlineFraction: 'DOUBLE',
  /** Rows that the budget buys, also for a budget in money. */
  BudgetlineBudget: 'INT',
  /** SHA-256 of the definition that was started. */
  BudgetlineDigest: 'KEYWORD',
} as const;

export type SearchAttributeName = keyof typeof searchAttributes;

/** Digits of a stage's key that are indexed. */
export const stageKeyDigits = 12;

/** An attribute with its value, as Temporal's clients and workflows take it. */
export type SearchAttribute =
  | { readonly key: { name: string; type: 'KEYWORD' }; readonly value: string }
  | { readonly key: { name: string; type: 'KEYWORD_LIST' }; readonly value: string[] }
  | { readonly key: { name: string; type: 'INT' }; readonly value: number }
  | { readonly key: { name: string; type: 'DOUBLE' }; readonly value: number };
