import type { LossRules, ReferenceValue, ScoredAnswer } from './define';
import type { LossOps, PairTerms, Tensor, UnpairedTerms } from './terms';

/** Options of a loss whose schema has checked them. */
export interface LossOptions {
  readonly beta: number;
  readonly sftWeight?: number | undefined;
}

interface BoundCommon {
  readonly name: string;
  readonly beta: number;
  readonly needs: { readonly reference: boolean; readonly lengths: boolean };
  readonly reward: (answer: ScoredAnswer) => number;
  /** null: step 1 is not checked. */
  readonly atReference: ReferenceValue | null;
}

/** A loss of pairs with its options. */
export interface BoundPairLoss extends BoundCommon {
  readonly rows: 'pairs';
  /** Loss of each pair: [pairs]. */
  readonly value: (ops: LossOps, terms: PairTerms) => Tensor;
  /** λ of the cross-entropy on chosen answers; undefined: no such term. */
  readonly sftWeight: number | undefined;
}

/** A loss of unpaired answers with its options. */
export interface BoundUnpairedLoss extends BoundCommon {
  readonly rows: 'unpaired';
  /** Loss of each answer before its weight: [answers]. */
  readonly value: (ops: LossOps, terms: UnpairedTerms) => Tensor;
  readonly weight: (desirable: boolean) => number;
  readonly baseline: boolean;
  readonly balance: { readonly min: number; readonly max: number; readonly advice: string } | null;
}

/** A loss with its options: what trains. */
export type BoundLoss = BoundPairLoss | BoundUnpairedLoss;

/** Applies options to the rules of a loss. */
export function bindLoss(rules: LossRules, options: LossOptions): BoundLoss {
  const { name, needs, reward, atReference } = rules;
  const common = {
    name,
    needs,
    beta: options.beta,
    reward: (answer: ScoredAnswer) => reward.of(answer, options as never),
    atReference: atReference === null ? null : atReference.of(options as never),
  };
  if (rules.rows === 'pairs')
    return {
      ...common,
      rows: rules.rows,
      value: (ops, terms) => rules.value(ops, terms, options as never),
      sftWeight: options.sftWeight,
    };
  return {
    ...common,
    rows: rules.rows,
    value: (ops, terms) => rules.value(ops, terms, options as never),
    weight: (desirable) => rules.weight(desirable, options as never),
    baseline: rules.baseline,
    balance: rules.balance,
  };
}
