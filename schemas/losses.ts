import { z } from 'zod';
import { BudgetlineError } from '../core/failures';
import type { PinnedMember } from '../core/members';
import type { LossOptions } from '../losses/bind';
import { invalidRules, type LossRules } from '../losses/define';
import type { UserLoss } from '../losses/facts';
import { type BuiltInLoss, type BuiltInLossInput, losses } from '../losses/registry';
import { positive, sha256 } from './scalars';

const beta = positive.describe(
  'β of the formula; in DPO a larger β keeps the policy nearer to its reference.',
);
const sftWeight = positive
  .optional()
  .describe('λ: weight of the cross-entropy on the chosen answers. Default: 0.');

const optionsOf = (rules: LossRules) => ({
  beta,
  ...rules.fields(z),
  ...(rules.sftTerm ? { sftWeight } : {}),
});

const members = losses.map((rules) =>
  z.strictObject({
    name: z.literal(rules.name).describe('Name of the loss, as in TRL.'),
    ...optionsOf(rules as LossRules),
  }),
);
const builtIn = z.discriminatedUnion('name', members as [(typeof members)[0]]);

const text = z.string().min(1);

/** A user's loss. Its own options are checked by its rules, once they are loaded. */
const userLoss = z.looseObject({
  module: text.describe('File of your loss, relative to the definition.'),
  export: text.describe('Its export, made by `defineLoss`.'),
  beta,
});

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A built-in loss by name, or a user's loss by module and export. */
function lossSchema<User extends UserLoss>(user: z.ZodObject) {
  const field = z.custom<BuiltInLossInput | User>();
  field._zod.toJSONSchema = () => {
    const json = z.toJSONSchema(z.union([...members, user]), { io: 'input' });
    return { anyOf: json.anyOf };
  };
  return field.transform((value, context) => {
    const isUser = isObject(value) && ('module' in value || 'export' in value);
    const { data, error } = (isUser ? user : builtIn).safeParse(value);
    for (const issue of error?.issues ?? []) context.addIssue({ ...issue });
    return data as BuiltInLoss | User;
  });
}

/** The loss of preference tuning: one of `losses/`, or a user's. */
export const preferenceLoss = lossSchema<UserLoss>(userLoss);
export type PreferenceLoss = z.output<typeof preferenceLoss>;

const jobUserLoss = userLoss.extend({
  module: text.describe('Absolute path of the file.'),
  digest: sha256.describe('SHA-256 of its code, which identifies the job in place of the path.'),
});

/** A user's loss in a job file: `module` is an absolute path. */
export interface UserJobLoss extends UserLoss {
  readonly digest: string;
}

/** The loss in a job file. */
export const jobLoss = lossSchema<UserJobLoss>(jobUserLoss);
export type JobLoss = z.output<typeof jobLoss>;

/** Fields of a job that name a user's loss. */
const naming = ['module', 'export', 'digest'];

/** The options of a user's loss, without the fields that name it. */
export const optionsGiven = (loss: UserLoss, without: readonly string[]): LossOptions =>
  Object.fromEntries(
    Object.entries(loss).filter(([field]) => !without.includes(field)),
  ) as unknown as LossOptions;

/**
 * The rules that a user's module exports, and the options of the loss with their defaults.
 *
 * @param given the options, without module and export
 * @throws BudgetlineError DEFINITION_INVALID, with field, file and export
 */
export function parseUserLoss(
  exported: unknown,
  { path, export: name }: Pick<PinnedMember, 'path' | 'export'>,
  given: LossOptions,
) {
  const where = `export "${name}" of ${path}`;
  const details = { field: 'preference.loss', path, export: name };
  const invalid = invalidRules(exported);
  if (invalid.length > 0)
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `preference.loss: the ${where} is not a loss: it has no valid ${invalid.join(', ')}.`,
      { remedy: 'Make it with defineLoss from "budgetline/losses".', details },
    );
  const rules = exported as LossRules;
  const taken = naming.filter((field) => field in rules.fields(z));
  if (taken.length > 0)
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `preference.loss: the ${where} has options with names of the job's own: ${taken.join(', ')}.`,
      { remedy: 'Give them other names.', details },
    );
  const { data, error } = z.strictObject(optionsOf(rules)).safeParse(given);
  if (error === undefined) return { rules, options: data as LossOptions };
  const reasons = error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `preference.loss.${issue.keys.join(', ')}: no such option`
      : `preference.loss.${issue.path.join('.')}: ${issue.message}`,
  );
  throw new BudgetlineError('DEFINITION_INVALID', `${reasons.join('\n')} (options of the ${where})`, {
    remedy: `The loss has the options ${Object.keys(optionsOf(rules)).join(', ')}.`,
    details,
  });
}
