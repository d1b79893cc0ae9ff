import type { ResolvedModel } from '../contracts/resolved';
import type { PlannedRows, StageInputs, StageKey, StageSpec } from '../contracts/stage';
import { digestOf } from '../core/digest';

/**
 * How stages of a kind were planned when the kind was new. What is bought is recorded under this form, so that a later
 * version finds it. It never changes.
 */
export interface FirstForm<Spec extends StageSpec = StageSpec> {
  /** The kind's revision then. */
  readonly revision: (model: ResolvedModel) => number;
  /**
   * The spec with the names that its fields had then, and without later fields that have their default value. Default:
   * the spec unchanged.
   */
  spec?(spec: Spec): StageSpec;
}

/** A stage in its kind's first form. */
interface First {
  readonly spec: StageSpec;
  readonly revision: number;
  readonly inputs: StageInputs;
}

interface Planned<Spec> {
  readonly spec: Spec;
  readonly model: ResolvedModel;
  readonly inputs: StageInputs;
}

/** Users' kinds begin with revision 1. */
const firstOfUsers: FirstForm = { revision: () => 1 };

export function firstFormOf<Spec extends StageSpec>(
  first: FirstForm<Spec> = firstOfUsers,
  { spec, model, inputs }: Planned<Spec>,
): First {
  return { spec: first.spec?.(spec) ?? spec, revision: first.revision(model), inputs };
}

const firstInputs = (inputs: StageInputs): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      'stage' in input ? (input.first ?? input.stage) : input.digest,
    ]),
  );

/** The key that the stage had when its kind was new. */
export const firstKey = ({ spec, revision, inputs }: First): StageKey =>
  digestOf({ spec, revision, inputs: firstInputs(inputs) });

/**
 * Identifies rows of one order (same seed and annotator, or same reference and `after`): a smaller set is the start of a
 * larger one. The place of rows in their order is no part of it where it is known when they are planned.
 */
export function nestOf({ spec, revision, inputs }: First, { upTo }: PlannedRows): string {
  const place = upTo === undefined ? {} : { skip: undefined };
  return digestOf([{ ...spec, ...place, rows: 0 }, revision, firstInputs(inputs)]);
}
