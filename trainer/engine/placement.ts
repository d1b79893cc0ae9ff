import { lower as lowerGraph, type Carried, type LoweredModel, type Value } from '../graph';
import type { SessionOptions } from '../runtime';
import type { GraphProfile } from './types';

/** Where graphs run, and where their frozen weights lie. */
export interface Placement {
  readonly profile: GraphProfile;
}

const plainProfile: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };

/** A place for graphs: the CPU, in f32, unless told otherwise. */
export const placeGraphs = (profile: GraphProfile = plainProfile): Placement => ({ profile });

/** Writes a graph for its place. */
export const lower = (
  { profile: { precision, constants } }: Placement,
  outputs: Record<string, Value>,
  carried?: Carried,
): LoweredModel =>
  lowerGraph(outputs, {
    precision,
    ...(carried === undefined ? {} : { carried }),
    ...(constants === undefined ? {} : { place: (content) => constants.place(content) }),
  });

/** How sessions are opened at a place. */
export const sessionOptions = ({ profile }: Placement, threads: number): SessionOptions => ({
  threads,
  provider: profile.provider,
  constantsFolder: profile.constants?.folder,
});
