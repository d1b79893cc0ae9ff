import { isRecord } from '../core/is-record';
import { BudgetlineError } from '../core/failures';
import type { Makes, PlannedStage } from '../contracts/stage';
import { type Fields, type Form, type Forms, isText, type WrongField, wrongFields } from './forms';

/** The error of a call with wrong fields. */
export function refuseCall(kind: string, wrong: readonly WrongField[]): BudgetlineError {
  const lines = wrong.map(({ field, reason }) => `stages.${kind}: ${field}: ${reason}`);
  return new BudgetlineError('DEFINITION_INVALID', lines.join('\n'), {
    remedy: 'Correct the call in the pipeline.',
    details: { kind, fields: wrong.map(({ field }) => field) },
  });
}

const stageForms = {
  rows: 'a stage that makes rows',
  adapter: 'an adapter',
  model: 'a model',
} satisfies Partial<Record<Makes, string>>;

/** A stage that makes what the call reads; a forgotten `await` is found here. */
export const stageThatMakes = (makes: keyof typeof stageForms): Form => [
  (value) => isRecord(value) && value['makes'] === makes && isText(value['key']),
  stageForms[makes],
];

/**
 * Refuses a call with unknown or wrong fields, for callers that no compiler has checked.
 *
 * @param inside wrong fields inside of the call's objects
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function assertCall(
  kind: string,
  call: object,
  forms: Forms,
  inside: readonly WrongField[] = [],
): void {
  const wrong = [...wrongFields(call as Fields, forms), ...inside];
  if (wrong.length > 0) throw refuseCall(kind, wrong);
}

/** A stage in the title of another one. */
export const quoted = ({ name, title }: Pick<PlannedStage, 'name' | 'title'>): string => name ?? title;
