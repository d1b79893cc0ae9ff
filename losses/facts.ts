import type { LossOptions } from './bind';
import type { LossRules } from './define';
import { rulesOf, type BuiltInLoss } from './registry';

/** A user's loss in a stage's spec: its export and its options. The digest of its code is next to it. */
export interface KeyedUserLoss extends LossOptions {
  readonly export: string;
  readonly [option: string]: unknown;
}

/** A user's loss in a definition: its file, relative to the definition, its export and its options. */
export interface UserLoss extends KeyedUserLoss {
  readonly module: string;
}

/** Facts of a loss as plain data, for code that does not load a user's module: planning, workflows, report. */
export interface LossFacts {
  /** "Conservative DPO with NLL" */
  readonly title: string;
  readonly rows: 'pairs' | 'unpaired';
  /** Whether rewards are relative to a frozen reference. */
  readonly needsReference: boolean;
  /** Whether it has the option `sftWeight`. */
  readonly sftTerm: boolean;
  readonly rewardEquation: string;
  /** Loss of a row while the policy is the reference. null: it depends on the rows, or there is no reference. */
  readonly lossAtReference: number | null;
}

/** Facts of a loss by its rules. */
export function describeLoss(rules: LossRules, options: LossOptions): LossFacts {
  const { rows, needs, sftTerm, reward, atReference } = rules;
  const { loss = null } = atReference?.of(options as never) ?? {};
  const facts = {
    title: rules.title(options as never),
    rows,
    needsReference: needs.reference,
    sftTerm,
    rewardEquation: reward.equation,
    // Weights of unpaired answers differ between rows.
    lossAtReference: rows === 'pairs' ? loss : null,
  };
  return withSftTerm(facts, options);
}

/** The SFT term depends on the rows. */
function withSftTerm(facts: LossFacts, { sftWeight }: LossOptions): LossFacts {
  if (sftWeight === undefined) return facts;
  return { ...facts, title: `${facts.title} with NLL`, lossAtReference: null };
}

/** Whether a loss is a user's, named by its export. */
export const isUserLoss = <User extends KeyedUserLoss>(loss: BuiltInLoss | User): loss is User =>
  'export' in loss;

/** Facts of a definition's loss. `user`: those of the user's loss without its SFT term, pinned on the client. */
export function lossFacts(loss: BuiltInLoss | UserLoss, user: LossFacts | undefined): LossFacts {
  if (!isUserLoss(loss)) return describeLoss(rulesOf(loss.name), loss);
  if (user === undefined) throw new Error('the definition is not resolved: it has no facts of its loss');
  return withSftTerm(user, loss);
}
