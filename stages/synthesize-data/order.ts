import { canonicalJson } from '../../core/canonical-json';
import type { PlannedStage } from '../../contracts/stage';
import { quoted, refuseCall } from '../calls';
import type { SynthesizeDataSpec } from './spec';

const isSampled = ({ what }: SynthesizeDataSpec): boolean => what === 'pairs' || what === 'rejection-samples';

/** Identifies the order in which stages take rows. Pairs and rejection samples share one. */
function orderOf(spec: SynthesizeDataSpec): string {
  const { task, data, fileDigests, heldOut, poolSeed } = spec;
  const rows = isSampled(spec) ? 'samples' : spec.what;
  const file = 'userRows' in spec ? spec.userRows : undefined;
  return canonicalJson({ task, data, fileDigests, heldOut, poolSeed, rows, file });
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
  const reason = `${quoted(after)} takes its rows in another order; rows of the same kind are needed`;
  throw refuseCall(spec.kind, [{ field: 'after', reason }]);
}
