import { readFileSync } from 'node:fs';
import { BudgetlineError } from '../core/failures';
import { warnIfShared } from '../host/own-files';

/** A key of 32 bytes, and the name by which payloads refer to it. */
export interface PayloadKey {
  readonly name: string;
  readonly bytes: Buffer;
}

const variable = 'BUDGETLINE_PAYLOAD_KEYS';
const fileVariable = 'BUDGETLINE_PAYLOAD_KEYS_FILE';
const keyBytes = 32;

/** Errors name the position: a key's text must not get into a message. */
function invalid(where: string, what: string): BudgetlineError {
  return new BudgetlineError('CONNECTION_INVALID', `${where}: ${what}.`, {
    remedy: `Write NAME:KEY, several separated by commas or lines; make a key with: openssl rand -base64 ${keyBytes}`,
  });
}

function parseKey(text: string, where: string): PayloadKey {
  const [, name, encoded] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined) throw invalid(where, 'it is not NAME:KEY');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== keyBytes)
    throw invalid(where, `the key has ${bytes.length} bytes and not ${keyBytes}`);
  return { name, bytes };
}

function parseKeys(text: string, source: string): PayloadKey[] {
  const parts = text.split(/[,\s]+/).filter((part) => part !== '');
  const keys = parts.map((part, index) => parseKey(part, `${source}, key ${index + 1}`));
  if (keys.length === 0) throw invalid(source, 'it has no key');
  if (new Set(keys.map(({ name }) => name)).size < keys.length)
    throw invalid(source, 'two keys have the same name');
  return keys;
}

function readKeysFile(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    warnIfShared(path);
    return text;
  } catch (cause) {
    throw new BudgetlineError('CONNECTION_INVALID', `${fileVariable}: ${path} cannot be read.`, { cause });
  }
}

/**
 * Keys of the payload codec, from a variable or a file: the first encrypts, all decrypt. Empty if neither
 * is set.
 *
 * @throws BudgetlineError CONNECTION_INVALID
 */
export function readPayloadKeys(env: NodeJS.ProcessEnv): PayloadKey[] {
  const text = env[variable] ?? '';
  const path = env[fileVariable] ?? '';
  if (text !== '') return parseKeys(text, variable);
  return path === '' ? [] : parseKeys(readKeysFile(path), path);
}
