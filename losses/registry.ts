import { bindLoss, type BoundLoss } from './bind';
import type { LossInput, LossOutput, LossRules } from './define';
import { hinge } from './hinge';
import { ipo } from './ipo';
import { kto } from './kto';
import { robust } from './robust';
import { sigmoid } from './sigmoid';
import { sigmoidNorm } from './sigmoid-norm';
import { simpo } from './simpo';

/** Every built-in loss, a line each, in the order of the docs. */
// prettier-ignore
export const losses = [
  sigmoid,
  robust,
  hinge,
  ipo,
  sigmoidNorm,
  simpo,
  kto,
] as const;

type Member = (typeof losses)[number];
export type LossName = Member['name'];

type InputOf<M> = M extends LossRules<infer Name, infer F, infer Sft> ? LossInput<Name, F, Sft> : never;
type OutputOf<M> = M extends LossRules<infer Name, infer F, infer Sft> ? LossOutput<Name, F, Sft> : never;

/** A built-in loss in a definition. */
export type BuiltInLossInput = InputOf<Member>;
/** A built-in loss with its defaults. */
export type BuiltInLoss = OutputOf<Member>;

const byName = new Map<string, LossRules>(losses.map((rules) => [rules.name, rules as LossRules]));

/** The rules of a built-in loss. */
export function rulesOf(name: LossName): LossRules {
  return byName.get(name)!;
}

/** A built-in loss with its options. */
export const lossOf = (loss: BuiltInLoss): BoundLoss => bindLoss(rulesOf(loss.name), loss);
