/** What a run is. "workflow": one of the user's own, with stages from `createStages`. */
export type RunKind = 'sweep' | 'experiment' | 'workflow';

const ours: ReadonlyMap<string, RunKind> = new Map([
  ['allocationSweep', 'sweep'],
  ['allocationExperiment', 'experiment'],
]);

/** Workflow types of the package. */
export const packageTypes: readonly string[] = [...ours.keys()];

/** The kind of a run with stages, by the name of its workflow function. */
export const kindOf = (type: string): RunKind => ours.get(type) ?? 'workflow';
