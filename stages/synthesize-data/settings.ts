import { canonicalSampling } from '../../contracts/canonical';
import { unfitPairSettings } from '../../core/pair-settings';
import type { PairSettings, PairSpec } from '../../schemas/definition';
import { refuseCall, stageThatMakes } from '../calls';
import {
  allOptional,
  count,
  defined,
  type Form,
  fraction,
  oneOf,
  optional,
  positive,
  within,
} from '../forms';
import type { SamplingSpec } from './spec';

/** Settings of pairs that a call may replace. The annotator is the definition's, which is pinned by content. */
export type CallSettings = Omit<PairSettings, 'annotator'>;

/** The forms of the settings of pairs. A test compares them with the schema. */
export const pairForms = allOptional({
  chosen: oneOf('best-sample', 'gold'),
  threshold: fraction,
  minMargin: within((value) => value > 0 && value <= 1, 'a number above 0, up to 1'),
  labels: within(
    (value) => Number.isInteger(value) && value >= 1 && value <= 15,
    'a whole number from 1 to 15',
  ),
  candidates: within(
    (value) => Number.isInteger(value) && value >= 1 && value <= 64,
    'a whole number from 1 to 64',
  ),
  temperature: positive,
  topK: count,
  topP: within((value) => value > 0 && value <= 1, 'a number above 0, up to 1'),
  maxNewTokens: count,
} satisfies Record<keyof CallSettings, Form>);

export const callForms = {
  rows: count,
  reference: optional(stageThatMakes('model')),
  what: optional(oneOf('pairs', 'rejection-samples')),
  after: optional(stageThatMakes('rows')),
  ...pairForms,
};

/** Fields of a call that sampling alone uses. */
export const sampling = ['what', ...Object.keys(pairForms)];
/** Fields of a call that only pairs use. */
export const choosing = ['chosen', 'minMargin', 'labels'];

/** A definition with top-k 1 has lost its temperature and top-p in canonical form. */
function assertTemperature(definition: PairSpec, { topK = 1, temperature }: CallSettings): void {
  if (definition.topK !== 1 || topK === 1 || temperature !== undefined) return;
  const reason =
    'is missing; the definition has topK 1, where temperature and topP have no effect, so the call sets them';
  throw refuseCall('synthesizeData', [{ field: 'temperature', reason }]);
}

/** The settings of pairs of a call: its own in place of the definition's, in canonical form. */
export function pairsOf(definition: PairSpec, call: CallSettings): PairSpec {
  const given = Object.entries(defined(call)).filter(([field]) => Object.hasOwn(pairForms, field));
  if (given.length === 0) return definition;
  assertTemperature(definition, call);
  return canonicalSampling({ ...definition, ...(Object.fromEntries(given) as Partial<PairSpec>) });
}

/** Refuses settings of pairs that do not fit the way in which the definition decides them. */
export function assertFit(pairs: PairSpec): void {
  const unfit = unfitPairSettings(pairs);
  if (unfit.length > 0) throw refuseCall('synthesizeData', unfit);
}

/** The settings without those that choose a pair's answers. */
export const samplingOf = ({
  candidates,
  temperature,
  topK,
  topP,
  maxNewTokens,
}: PairSpec): SamplingSpec => ({ candidates, temperature, topK, topP, maxNewTokens });
