import { canonicalJson } from '../core/canonical-json';
import { taskQueues } from '../contracts/stage';

type Fields = Readonly<Record<string, unknown>>;
/** A check of a value, and what it expects in words. */
export type Form = readonly [hasForm: (value: unknown) => boolean, form: string];

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
export const isFilled = (value: unknown): boolean => isText(value) && value !== '';
const isAmount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isCount = (value: unknown): boolean => isAmount(value) && Number.isInteger(value);
const isOneOf = (all: readonly unknown[]) => (value: unknown) => all.includes(value);
const haveTexts = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => isText(value[name]));

function isJson(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}

const isInput = (value: unknown): boolean =>
  value === undefined || haveTexts(value, ['stage', 'kind']) || haveTexts(value, ['digest', 'path']);

const isWork = (value: unknown): boolean =>
  isObject(value) && isAmount(value['tokens']) && isAmount(value['perSecond']) && value['perSecond'] > 0;

const isJudged = (value: unknown): boolean =>
  haveTexts(value, ['judge']) && isCount((value as Fields)['items']);

const rowForms: Readonly<Record<string, Form>> = {
  count: [isCount, 'a count'],
  noun: [isText, 'a text'],
  format: [isOneOf(['demonstrations', 'preferences', 'unpaired']), 'demonstrations, preferences or unpaired'],
  source: [(value) => haveTexts(value, ['what', 'from', 'label']), '{ what, from, label }'],
  pricedAs: [isOneOf(['sftExample', 'preferencePair', null]), 'sftExample, preferencePair or null'],
  verifierCalls: [isAmount, 'a number from 0 on'],
  provenance: [
    (value) => haveTexts(value, ['source', 'license', 'annotator']),
    '{ source, license, annotator }',
  ],
};

const partForms = (kind: string): Readonly<Record<string, Form>> => ({
  revision: [isCount, 'a whole number'],
  spec: [
    (value) => isObject(value) && value['kind'] === kind && isJson(value),
    `plain JSON with the kind "${kind}"`,
  ],
  inputs: [(value) => isObject(value) && Object.values(value).every(isInput), 'outputOf(stage) by name'],
  title: [isFilled, 'a text'],
  queue: [isOneOf(Object.values(taskQueues)), Object.values(taskQueues).join(' or ')],
  work: [isWork, 'finite numbers tokens and perSecond'],
  rows: [(value) => value === null || isObject(value), 'null or an object'],
  optimiserSteps: [(value) => value === null || isAmount(value), 'null or a number from 0 on'],
  mayExceed: [(value) => typeof value === 'boolean', 'true or false'],
  judged: [(value) => Array.isArray(value) && value.every(isJudged), 'a list of { judge, items }'],
  files: [(value) => isObject(value) && Object.values(value).every(isText), 'paths by name'],
  // The activity `answer` of a first worker knows the built-in evaluation only.
  judgedOffDevice: [(value) => value === undefined, 'left out'],
});

/** Names of fields that are missing or have another form, with the form: "title (a text)". */
export const wrongIn = (found: Fields, forms: Readonly<Record<string, Form>>, above = ''): string[] =>
  Object.entries(forms)
    .filter(([name, [hasForm]]) => !hasForm(found[name]))
    .map(([name, [, form]]) => `${above}${name} (${form})`);

/** Parts of a planned stage that a user's kind lacks or has in a wrong form. */
export function wrongFacts(parts: unknown, kind: string): string[] {
  const found = isObject(parts) ? parts : {};
  const { rows } = found;
  return [...wrongIn(found, partForms(kind)), ...(isObject(rows) ? wrongIn(rows, rowForms, 'rows.') : [])];
}
