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

/** Parses "hub:owner/name@revision"; null for a text without "hub:". @throws BudgetlineError DEFINITION_INVALID */
export function parseHubReference(text: string): HubReference | null {
  if (!text.startsWith('hub:')) return null;
  const [, name, revision = 'main'] = pattern.exec(text) ?? [];
  if (name !== undefined) return { name, revision };
  throw new BudgetlineError('DEFINITION_INVALID', `model: "${text}" is not a name of a hub model.`, {
    remedy: 'Write "hub:owner/name" or "hub:owner/name@revision".',
    details: { field: 'model' },
  });
}

/** "owner/name at revision", for messages. */
export const describeHubReference = ({ name, revision }: HubReference): string => `${name} at ${revision}`;

/**
 * A Hugging Face hub model for a definition: `model: hub('Qwen/Qwen2.5-0.5B', { revision: 'main' })`. It is downloaded when
 * the definition is resolved; its content enters keys. Default revision: 'main'.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function hub(name: string, { revision = 'main' }: { revision?: string } = {}): string {
  const text = `hub:${name}@${revision}`;
  parseHubReference(text);
  return text;
}
