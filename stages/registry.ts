import { ownField } from '../core/names';
import type { PlannedStage } from '../contracts/stage';
import type { AnyBuiltInRules, AnyStageRules, Named } from './define';
import { evaluate } from './evaluate';
import { freezeReference } from './freeze-reference';
import { synthesizeData } from './synthesize-data';
import { trainPreference } from './train-preference';
import { trainSft } from './train-sft';

/** The stage kinds, in the order in which a cell runs them. */
export const stageKinds = {
  synthesizeData,
  trainSft,
  freezeReference,
  trainPreference,
  evaluate,
} as const satisfies Readonly<Record<string, AnyBuiltInRules>>;

type Kinds = typeof stageKinds;
export type StageKind = keyof Kinds;

/** What a stage of the kind is called with. */
export type CallOf<R extends AnyStageRules> = Parameters<R['plan']>[1] & Named;
/** What a stage of the kind makes. */
export type MakesOf<R extends AnyStageRules> = R['makes'];
/** The spec of a built-in kind. */
export type SpecOf<K extends StageKind> = { [P in K]: ReturnType<Kinds[P]['plan']>['spec'] }[K];
/** A planned stage of a built-in kind. */
export type StageOf<K extends StageKind> = {
  [P in K]: PlannedStage<MakesOf<Kinds[P]>, SpecOf<P>>;
}[K];

/** The rules of a kind; undefined for a kind that is not built in. */
export const rulesOf = (kind: string): AnyBuiltInRules | undefined =>
  ownField<AnyBuiltInRules>(stageKinds, kind);

/** A kind's name for people: "SFT run", "SFT runs". */
export const labelOf = (kind: string): AnyBuiltInRules['label'] =>
  rulesOf(kind)?.label ?? [`${kind} stage`, `${kind} stages`];

/** Each kind once: built-in ones in the order in which a cell runs them, then the others. */
export function orderKinds(kinds: Iterable<string>): string[] {
  const found = new Set(kinds);
  return [...new Set([...Object.keys(stageKinds), ...found])].filter((kind) => found.has(kind));
}

/** Whether a stage is of a built-in kind; narrows its spec. */
export function isOfKind<K extends StageKind>(stage: PlannedStage, kind: K): stage is StageOf<K> {
  return stage.kind === kind;
}
