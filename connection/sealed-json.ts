import type { Payload } from '@temporalio/common';
import { decrypt, isEncrypted, keyNameOf } from './payload-codec';
import type { PayloadKey } from './payload-keys';

const bytesOf = (text: unknown): Buffer => Buffer.from(String(text), 'base64');

/** A payload in Temporal's JSON, with bytes in base64; undefined if the object is not one. */
function parsePayload(value: object): Payload | undefined {
  const { metadata, data } = value as { metadata?: unknown; data?: unknown };
  if (typeof metadata !== 'object' || metadata === null || typeof data !== 'string') return undefined;
  const named = Object.entries(metadata).map(([name, text]) => [name, bytesOf(text)] as const);
  return { metadata: Object.fromEntries(named), data: bytesOf(data) };
}

function formatPayload({ metadata, data }: Payload): object {
  const named = Object.entries(metadata ?? {}).map(
    ([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const,
  );
  return { metadata: Object.fromEntries(named), data: Buffer.from(data ?? []).toString('base64') };
}

/**
 * Decrypts the payloads in Temporal's JSON with the available keys.
 *
 * @returns `sealedWith`: names of missing keys; payloads encrypted with them are unchanged
 * @throws BudgetlineError CONNECTION_INVALID if a key of the right name does not decrypt a payload
 */
export function openPayloads(
  json: unknown,
  keys: readonly PayloadKey[],
): { readonly opened: unknown; readonly sealedWith: readonly string[] } {
  const byName = new Map(keys.map((key) => [key.name, key]));
  const missing = new Set<string>();
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (typeof value !== 'object' || value === null) return value;
    const payload = parsePayload(value);
    if (payload === undefined || !isEncrypted(payload))
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, open(each)]));
    const name = keyNameOf(payload);
    if (byName.has(name)) return formatPayload(decrypt(payload, byName));
    missing.add(name);
    return value;
  };
  return { opened: open(json), sealedWith: [...missing] };
}
