import { isRecord } from '../core/is-record';
import { canonicalJson } from '../core/canonical-json';
import { taskQueues } from '../contracts/stage';
import { type Fields, type Form, isAmount, isCount, isFilled, isText, optional, wrongIn } from './forms';

const isOneOf = (all: readonly unknown[]) => (value: unknown) => all.includes(value);
const haveTexts = (value: unknown, names: readonly string[]): boolean =>
  isRecord(value) && names.every((name) => isText(value[name]));

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
  isRecord(value) && isAmount(value['tokens']) && isAmount(value['perSecond']) && value['perSecond'] > 0;

const isResources = (value: unknown): boolean =>
  value === undefined ||
  (isRecord(value) &&
    isAmount(value['storeBytes']) &&
    isAmount(value['scratchBytes']) &&
    (value['memoryBytes'] === null || isAmount(value['memoryBytes'])));

const isJudged = (value: unknown): boolean =>
  haveTexts(value, ['judge']) && isCount((value as Fields)['items']);

const rowForms: Readonly<Record<string, Form>> = {
  count: [isCount, 'a count'],
  upTo: optional([isCount, 'a count']),
  noun: [isText, 'a text'],
  format: [isOneOf(['demonstrations', 'preferences', 'unpaired']), 'demonstrations, preferences or unpaired'],
  source: [(value) => haveTexts(value, ['what', 'from', 'label']), '{ what, from, label }'],
  budgetedAs: [isOneOf(['demonstrations', 'pairs', null]), 'demonstrations, pairs or null'],
  usd: [isAmount, 'US dollars for a row'],
  sampleUsd: [isAmount, 'US dollars for a sample'],
  verifierCalls: [isAmount, 'a number from 0 on'],
  unscored: [(value) => value === undefined, 'left out'],
  labels: [(value) => value === undefined, 'left out'],
  provenance: [
    (value) => haveTexts(value, ['source', 'license', 'annotator']),
    '{ source, license, annotator }',
  ],
};

const partForms = (kind: string): Readonly<Record<string, Form>> => ({
  revision: [isCount, 'a whole number'],
  spec: [
    (value) => isRecord(value) && value['kind'] === kind && isJson(value),
    `plain JSON with the kind "${kind}"`,
  ],
  inputs: [(value) => isRecord(value) && Object.values(value).every(isInput), 'outputOf(stage) by name'],
  title: [isFilled, 'a text'],
  queue: [isOneOf(Object.values(taskQueues)), Object.values(taskQueues).join(' or ')],
  work: [isWork, 'finite numbers tokens and perSecond'],
  resources: [isResources, 'left out, or { storeBytes, scratchBytes, memoryBytes }'],
  rows: [(value) => value === null || isRecord(value), 'null or an object'],
  optimiserSteps: [(value) => value === null || isAmount(value), 'null or a number from 0 on'],
  mayExceed: [(value) => typeof value === 'boolean', 'true or false'],
  judged: [(value) => Array.isArray(value) && value.every(isJudged), 'a list of { judge, items }'],
  files: [(value) => isRecord(value) && Object.values(value).every(isText), 'paths by name'],
  // The activity `answer` of a first worker knows the built-in evaluation only.
  judgedOffDevice: [(value) => value === undefined, 'left out'],
});

/** Parts of a planned stage that a user's kind lacks or has in a wrong form. */
export function wrongFacts(parts: unknown, kind: string): string[] {
  const found = isRecord(parts) ? parts : {};
  const { rows } = found;
  return [...wrongIn(found, partForms(kind)), ...(isRecord(rows) ? wrongIn(rows, rowForms, 'rows.') : [])];
}
