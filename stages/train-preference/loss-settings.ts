import { isRecord } from '../../core/is-record';
import { ownField } from '../../core/names';
import { type BuiltInLoss, type BuiltInLossInput, type LossName, losses } from '../../losses/registry';
import type { PreferenceLoss } from '../../schemas/losses';
import { differences } from '../differences';
import {
  below,
  defined,
  type Fields,
  type Form,
  type Forms,
  nonnegative,
  oneOf,
  optional,
  positive,
  type WrongField,
  wrongFields,
} from '../forms';

/** The loss of one call. */
export interface LossSettings {
  /** A built-in loss in place of the definition's. A loss of yours is named in the definition. */
  readonly loss?: BuiltInLossInput;
  /** β in place of that of the definition's loss. */
  readonly beta?: number;
}

export const lossForms = {
  loss: optional([isRecord, 'a built-in loss with its options, such as { name: "sigmoid", beta: 0.1 },']),
  beta: optional(positive),
} satisfies Record<keyof LossSettings, Form>;

const smoothing = below(0.5, positive);

/** The options of each built-in loss other than `beta` and `sftWeight`. A test compares them with the schema. */
const options: Readonly<Record<LossName, Forms>> = {
  sigmoid: { labelSmoothing: optional(smoothing) },
  robust: { labelSmoothing: smoothing },
  hinge: {},
  ipo: {},
  sigmoid_norm: {},
  simpo: { gamma: nonnegative },
  kto: { desirableWeight: optional(positive), undesirableWeight: optional(positive) },
};

/** Options that have a default in the schema. */
const defaults: Partial<Record<LossName, Fields>> = { kto: { desirableWeight: 1, undesirableWeight: 1 } };

const names: readonly string[] = losses.map(({ name }) => name);

function formsOf(name: LossName): Forms {
  const sftTerm = losses.some((rules) => rules.name === name && rules.sftTerm);
  const common = { name: oneOf(name), beta: positive };
  return { ...common, ...options[name], ...(sftTerm ? { sftWeight: optional(positive) } : {}) };
}

/** Wrong fields inside a call's `loss`, and a β that is given twice. */
export function wrongLoss({ loss, beta }: LossSettings): WrongField[] {
  if (!isRecord(loss)) return [];
  if (beta !== undefined) return [{ field: 'beta', reason: 'left out is needed, because loss has a beta' }];
  if (!names.includes(loss.name)) return wrongFields({ name: loss.name }, { name: oneOf(...names) }, 'loss.');
  return wrongFields(loss, formsOf(loss.name), 'loss.');
}

/** The loss of a call: its own, or the definition's with the call's β. */
export function lossOf(definition: PreferenceLoss, { loss, beta }: LossSettings): PreferenceLoss {
  if (loss !== undefined) return { ...ownField(defaults, loss.name), ...defined(loss) } as BuiltInLoss;
  return beta === undefined ? definition : { ...definition, beta };
}

/** The options that differ from the definition's loss. The title names the loss itself. */
export function lossDifferences(before: PreferenceLoss, after: PreferenceLoss): string[] {
  const nameOf = (loss: PreferenceLoss): unknown => ('name' in loss ? loss.name : loss.export);
  return differences(nameOf(before) === nameOf(after) ? before : { name: nameOf(after) }, after);
}
