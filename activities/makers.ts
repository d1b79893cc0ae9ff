import type { SpecOf, StageKind } from '../stages';
import { evaluate } from './evaluate';
import { freezeReference } from './freeze-reference';
import type { StageOutput, StageSession } from './session';
import { synthesizeData } from './synthesize-data';
import { trainPreference } from './train-preference';
import { trainSft } from './train-sft';

/** The work of each stage kind: writes the payload of an artifact. */
export const makers: {
  readonly [K in StageKind]: (session: StageSession, spec: SpecOf<K>) => Promise<StageOutput>;
} = { synthesizeData, trainSft, freezeReference, trainPreference, evaluate };
