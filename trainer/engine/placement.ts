import { lower as lowerGraph, type Carry, type LoweredModel, type Value } from '../graph';
import type { SessionOptions } from '../runtime';
import type { GraphProfile } from './types';

/** f32 on the CPU. */
export const cpuProfile: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };

/** Lowers a graph for its device and precision. */
export const lower = (
  { precision, externalData }: GraphProfile,
  outputs: Record<string, Value>,
  carry?: Carry,
): LoweredModel =>
  lowerGraph(outputs, {
    precision,
    carry,
    storeExternally: externalData && ((content) => externalData.store(content)),
  });

/** Session options of a profile. */
export const sessionOptions = (profile: GraphProfile, threads: number): SessionOptions => ({
  threads,
  provider: profile.provider,
  externalDataFolder: profile.externalData?.folder,
});
