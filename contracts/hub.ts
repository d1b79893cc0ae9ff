import { BudgetlineError } from './failures';

/** A model on the Hugging Face hub. */
export interface HubReference {
  /** "owner/name" */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const word = '[A-Za-z0-9_](?:[A-Za-z0-9_-]|\\.(?!\\.))*';
const pattern = new RegExp(`^hub:(${word}/${word})(?:@(${word}(?:/${word})*))?$`);

/** What "hub:owner/name@revision" names; null for anything that does not begin with "hub:". @throws DEFINITION_INVALID */
export function parseHubReference(text: string): HubReference | null {
  if (!text.startsWith('hub:')) return null;
  const [, name, revision = 'main'] = pattern.exec(text) ?? [];
  if (name !== undefined) return { name, revision };
  throw new BudgetlineError('DEFINITION_INVALID', `model: "${text}" names no model of the hub.`, {
    remedy: 'Write "hub:owner/name" or "hub:owner/name@revision".',
    details: { field: 'model' },
  });
}

/** "owner/name at revision", as a message says it. */
export const describeHubReference = ({ name, revision }: HubReference): string => `${name} at ${revision}`;

/**
 * Names a model of the Hugging Face hub for a definition: `model: hub('Qwen/Qwen2.5-0.5B', { revision: 'main' })`. It is
 * downloaded where the definition is resolved, and enters keys by its content.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function hub(name: string, { revision = 'main' }: { revision?: string } = {}): string {
  const text = `hub:${name}@${revision}`;
  parseHubReference(text);
  return text;
}
