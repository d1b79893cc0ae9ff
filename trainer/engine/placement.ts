import { lower as lowerGraph, type Carry, type LoweredModel, type Value } from '../graph';
import type { SessionOptions } from '../runtime';
import type { GraphProfile } from './types';

/** The device and the precision of graphs, and where their frozen weights are stored. */
export interface Placement {
  readonly profile: GraphProfile;
}

const defaultProfile: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };

/** Default: f32 on the CPU. */
export const placeGraphs = (profile: GraphProfile = defaultProfile): Placement => ({ profile });

/** Lowers a graph for its placement. */
export const lower = (
  { profile: { precision, externalData } }: Placement,
  outputs: Record<string, Value>,
  carry?: Carry,
): LoweredModel =>
  lowerGraph(outputs, {
    precision,
    carry,
    storeExternally: externalData && ((content) => externalData.store(content)),
  });

/** Session options of a placement. */
export const sessionOptions = ({ profile }: Placement, threads: number): SessionOptions => ({
  threads,
  provider: profile.provider,
  externalDataFolder: profile.externalData?.folder,
});
