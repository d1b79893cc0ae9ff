import { canonicalJson } from '../../core/canonical-json';
import type { PlannedStage } from '../../contracts/stage';
import { refuseCall } from '../calls';
import type { SynthesizeDataSpec } from './spec';

const isSampled = (spec: SynthesizeDataSpec): boolean => 'pairs' in spec;

/** Identifies the order in which stages take rows. Pairs and rejection samples share one. */
function orderOf(spec: SynthesizeDataSpec): string {
  const { task, data, fileDigests, heldOut, poolSeed } = spec;
  const rows = isSampled(spec) ? 'samples' : spec.what;
  const file = 'userRows' in spec ? spec.userRows : undefined;
  return canonicalJson({ task, data, fileDigests, heldOut, poolSeed, rows, file });
}

const names: Readonly<Record<SynthesizeDataSpec['what'], string>> = {
  demonstrations: 'demonstrations',
  'user-demonstrations': 'demonstrations',
  pairs: 'pairs',
  'labelled-pairs': 'pairs',
  'user-preferences': 'pairs',
  'rejection-samples': 'rejection samples',
};

/** Why the rows of a call cannot follow those of the earlier stage. */
function otherOrder({ kind, title, spec: before }: PlannedStage<'rows'>, spec: SynthesizeDataSpec): string {
  const is = kind === spec.kind ? names[(before as SynthesizeDataSpec).what] : 'rows of another kind';
  const asked = names[spec.what];
  return is === asked
    ? `"${title}" takes its rows in another order; the same task, files and seed are needed`
    : `"${title}" are ${is}; the call asks for ${asked}`;
}

/**
 * Where the rows before a call end in their common order. Where they are sampled, it is the least that they use: a prompt
 * yields one row or none.
 *
 * @param after the earlier stage of the call; undefined: the rows begin with the first of the order
 * @throws BudgetlineError DEFINITION_INVALID for a stage whose rows are in another order
 */
export function endOf(after: PlannedStage<'rows'> | undefined, spec: SynthesizeDataSpec): number {
  if (after === undefined) return 0;
  const { kind, rows } = after;
  const isSameOrder = kind === spec.kind && orderOf(after.spec as SynthesizeDataSpec) === orderOf(spec);
  if (isSameOrder && rows?.upTo !== undefined) return rows.upTo;
  throw refuseCall(spec.kind, [{ field: 'after', reason: otherOrder(after, spec) }]);
}
