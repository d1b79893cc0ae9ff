import type { SpecOf } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { synthesizeDemonstrations } from './demonstrations';
import { synthesizeLabelledPairs } from './labelled-pairs';
import { synthesizePairs } from './pairs';
import { synthesizeRejectionSamples } from './rejection-samples';
import { takeUserRows } from './user-rows';

/** Buys demonstrations, samples pairs or correct answers, or takes the user's rows. */
export function synthesizeData(session: StageSession, spec: SpecOf<'synthesizeData'>): Promise<StageOutput> {
  switch (spec.what) {
    case 'demonstrations':
      return synthesizeDemonstrations(session, spec);
    case 'pairs':
      return synthesizePairs(session, spec);
    case 'labelled-pairs':
      return synthesizeLabelledPairs(session, spec);
    case 'rejection-samples':
      return synthesizeRejectionSamples(session, spec);
    case 'user-demonstrations':
    case 'user-preferences':
      return takeUserRows(session, spec);
  }
}
