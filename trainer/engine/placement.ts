import { lower as lowerGraph, type Carried, type LoweredModel, type Value } from '../graph';
import type { SessionOptions } from '../runtime';
import { createConstantsFile, type ConstantsFile } from './constants-file';
import type { GraphProfile } from './types';

/** Where graphs run, and where their frozen weights lie. */
export interface Placement {
  readonly profile: GraphProfile;
  /** null: inside of the graphs. */
  readonly constants: ConstantsFile | null;
}

const plainProfile: GraphProfile = { provider: 'cpu', precision: 'f32', recompute: false };

/** A place for graphs: the CPU, in f32, unless told otherwise. */
export function placeGraphs(profile: GraphProfile = plainProfile): Placement {
  const { constantsFolder: folder } = profile;
  return { profile, constants: folder === undefined ? null : createConstantsFile(folder) };
}

/** Writes a graph for its place. */
export const lower = (
  { profile, constants }: Placement,
  outputs: Record<string, Value>,
  carried?: Carried,
): LoweredModel =>
  lowerGraph(outputs, {
    precision: profile.precision,
    ...(carried === undefined ? {} : { carried }),
    ...(constants === null ? {} : { place: (content) => constants.place(content) }),
  });

/** How sessions are opened at a place. */
export const sessionOptions = ({ profile }: Placement, threads: number): SessionOptions => ({
  threads,
  provider: profile.provider,
  constantsFolder: profile.constantsFolder,
});
