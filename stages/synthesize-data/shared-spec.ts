import type { CodeRole } from '../../core/code';
import type { StageContext } from '../define';
import { poolSeed } from '../keys';
import { taskSource } from '../parts';
import { heldOutSources } from '../question-sets';

export const kind = 'synthesizeData';

/** Fields that all specs have. */
export function sharedSpec(context: StageContext, roles: readonly CodeRole[], rows: number) {
  const heldOut = heldOutSources(context.resolved);
  return { kind, ...taskSource(context, roles), heldOut, rows, poolSeed: poolSeed(context.seed) } as const;
}
