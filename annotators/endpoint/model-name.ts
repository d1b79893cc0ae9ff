import { BudgetlineError } from '../../core/failures';

const month = '(?:0[1-9]|1[0-2])';
const day = '(?:0[1-9]|[12]\\d|3[01])';

/** Suffixes that providers add to a model's name for a snapshot: 2024-08-06, 20240806, 0806, 2408. */
const snapshot = new RegExp(
  `^-(?:20\\d\\d-${month}-${day}|20\\d\\d${month}${day}|${month}${day}|2\\d${month})$`,
);

/** "gpt-4o-2024-08-06" is a snapshot of "gpt-4o"; "gpt-4o-mini" is another model with another price. */
function answersFor(asked: string, answered: unknown): boolean {
  if (typeof answered !== 'string' || !answered.startsWith(asked)) return false;
  return answered === asked || snapshot.test(answered.slice(asked.length));
}

/** The error where another model than the requested one or an accepted one has answered. */
export function refusalOf(
  { model: asked, acceptModels }: { readonly model: string; readonly acceptModels: readonly string[] },
  answered: unknown,
): BudgetlineError | null {
  if ([asked, ...acceptModels].some((name) => answersFor(name, answered))) return null;
  return new BudgetlineError(
    'ANNOTATOR_REFUSED',
    `Requested model ${asked}, but ${JSON.stringify(answered ?? null)} answered.`,
    {
      remedy:
        'Name the model as the endpoint does, with its prices, or list the name in acceptModels if it has the same prices.',
      details: { asked },
    },
  );
}
