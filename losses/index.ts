/**
 * `budgetline/losses`: preference losses of your own. Light, because the training executable loads it with your module.
 */
export { defineLoss } from './define';
export type { LossRules, ReferenceValue, ScoredAnswer } from './define';
export type { AnswerTerms, LossOps, PairTerms, Tensor, UnpairedTerms } from './terms';
