import { canonicalSampling } from '../../contracts/canonical';
import { isName, nameRule } from '../../core/names';
import type { PairSettings, PairSpec } from '../../schemas/definition';
import { refuseCall, stageThatMakes } from '../calls';
import { allOptional, count, defined, type Form, isText, oneOf, optional, positive, within } from '../forms';
import type { SamplingSpec } from './spec';

/** The forms of the settings of pairs. A test compares them with the schema. */
export const pairForms = allOptional({
  chosen: oneOf('policy-correct', 'gold'),
  rejected: oneOf('policy-incorrect'),
  candidates: within(
    (value) => Number.isInteger(value) && value >= 1 && value <= 64,
    'a whole number from 1 to 64',
  ),
  temperature: positive,
  topK: count,
  topP: within((value) => value > 0 && value <= 1, 'a number above 0, up to 1'),
  maxNewTokens: count,
  annotator: [(value) => isText(value) && isName(value), `a name: ${nameRule()}`],
  labels: within(
    (value) => Number.isInteger(value) && value >= 1 && value <= 15,
    'a whole number from 1 to 15',
  ),
} satisfies Record<keyof PairSpec, Form>);

export const callForms = {
  rows: count,
  reference: optional(stageThatMakes('model')),
  what: optional(oneOf('pairs', 'rejection-samples')),
  after: optional(stageThatMakes('rows')),
  ...pairForms,
};

/** Fields of a call that sampling alone uses. */
export const sampling = ['what', ...Object.keys(pairForms)];
/** Fields of a call that choose a pair's answers. */
export const choosing = ['chosen', 'rejected', 'annotator', 'labels'];

/** A definition with top-k 1 has lost its temperature and top-p in canonical form. */
function assertTemperature(definition: PairSpec, { topK = 1, temperature }: PairSettings): void {
  if (definition.topK !== 1 || topK === 1 || temperature !== undefined) return;
  const reason =
    'is missing; the definition has topK 1, where temperature and topP have no effect, so the call sets them';
  throw refuseCall('synthesizeData', [{ field: 'temperature', reason }]);
}

/** The settings of pairs of a call: its own in place of the definition's, in canonical form. */
export function pairsOf(definition: PairSpec, call: PairSettings): PairSpec {
  const given = Object.entries(defined(call)).filter(([field]) => Object.hasOwn(pairForms, field));
  if (given.length === 0) return definition;
  assertTemperature(definition, call);
  return canonicalSampling({ ...definition, ...(Object.fromEntries(given) as Partial<PairSpec>) });
}

/** The settings without those that choose a pair's answers, which rejection samples have no use for. */
export const samplingOf = ({
  chosen: _chosen,
  rejected: _rejected,
  annotator: _annotator,
  labels: _labels,
  ...sampling
}: PairSpec): SamplingSpec => sampling;
