import { createHash } from 'node:crypto';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import type { EndpointBasics, EndpointSettings, Question } from './settings';

/**
 * The user's settings that decide an answer. One that was not given has the default of the first version, whatever the
 * package's default is now. A later setting is undefined where it was not given.
 */
const givenSettings = ({ temperature = 0, maxTokens = 1024 }: EndpointBasics) => ({
  temperature,
  maxTokens,
});

/** Undefined where there are none, as before they existed. */
const furtherFields = ({ extraBody = {} }: EndpointBasics): EndpointBasics['extraBody'] =>
  Object.keys(extraBody).length === 0 ? undefined : extraBody;

/**
 * Identifies a paid answer: SHA-256 of endpoint, model, the user's settings, messages and draw. At temperature 0 all draws
 * are one request. Journals of every version have this digest, so it never changes; a later setting goes into the last
 * object, which leaves undefined out.
 */
export function requestOf(given: EndpointBasics, { ask: { system, user }, draw }: Question): string {
  const { baseUrl, model } = given;
  const { temperature, maxTokens } = givenSettings(given);
  const extra = furtherFields(given);
  const drawn = { system, user, draw: temperature === 0 ? undefined : draw, extra };
  return createHash('sha256')
    .update(JSON.stringify([baseUrl, model, temperature, maxTokens, drawn]))
    .digest('hex');
}

/** What decides answers: model, prompt template (functions by their source) and settings; not the URL or price. */
export function identityOf(settings: EndpointSettings, template: readonly unknown[]): AnnotatorIdentity {
  return {
    kind: 'endpoint',
    model: settings.model,
    promptTemplateSha256: digestOfTemplate(template),
    settings: { ...givenSettings(settings.given), ...settings.extraBody },
  };
}

/**
 * SHA-256 of a prompt template; functions of the user count by their source. The package's own count by a text that never
 * changes, since their compiled source may.
 */
export function digestOfTemplate(template: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(template.map(String)))
    .digest('hex');
}
