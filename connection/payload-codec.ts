import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { BudgetlineError } from '../core/failures';
import type { PayloadKey } from './payload-keys';

const cipher = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const encoding = 'binary/encrypted';
const { Payload: PayloadMessage } = temporal.api.common.v1;

function encrypt(payload: Payload, { name, bytes }: PayloadKey): Payload {
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, bytes, iv);
  const sealed = [sealing.update(PayloadMessage.encode(payload).finish()), sealing.final()];
  return {
    metadata: { encoding: Buffer.from(encoding), 'encryption-key-id': Buffer.from(name) },
    data: Buffer.concat([iv, ...sealed, sealing.getAuthTag()]),
  };
}

export const isEncrypted = ({ metadata }: Payload): boolean =>
  Buffer.from(metadata?.['encoding'] ?? []).toString() === encoding;

/** The name of the key that a payload was encrypted with. */
export const keyNameOf = ({ metadata }: Payload): string =>
  Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();

function missingKey(name: string): BudgetlineError {
  return new BudgetlineError(
    'CONNECTION_INVALID',
    `The payload key "${name}" is missing: a payload was encrypted with it.`,
    {
      remedy: 'Add that key to BUDGETLINE_PAYLOAD_KEYS, after the one that encrypts.',
    },
  );
}

function wrongKey(name: string, cause: unknown): BudgetlineError {
  return new BudgetlineError(
    'CONNECTION_INVALID',
    `The payload key "${name}" does not decrypt a payload that was encrypted with a key of that name.`,
    { remedy: `Put the key that had the name "${name}" then into BUDGETLINE_PAYLOAD_KEYS.`, cause },
  );
}

function open(data: Uint8Array, key: PayloadKey): Payload {
  const opening = createDecipheriv(cipher, key.bytes, data.subarray(0, ivBytes), { authTagLength: tagBytes });
  opening.setAuthTag(data.subarray(Math.max(ivBytes, data.length - tagBytes)));
  const text = [opening.update(data.subarray(ivBytes, data.length - tagBytes)), opening.final()];
  return PayloadMessage.decode(Buffer.concat(text));
}

/**
 * Decrypts a payload; an unencrypted one is returned as it is.
 *
 * @throws BudgetlineError CONNECTION_INVALID if its key is missing, or does not decrypt it
 */
export function decrypt(payload: Payload, keys: ReadonlyMap<string, PayloadKey>): Payload {
  if (!isEncrypted(payload)) return payload;
  const name = keyNameOf(payload);
  const key = keys.get(name);
  if (key === undefined) throw missingKey(name);
  try {
    return open(payload.data ?? new Uint8Array(), key);
  } catch (cause) {
    throw wrongKey(name, cause);
  }
}

/**
 * Encrypts payloads with AES-256-GCM and the first key: 12 bytes of nonce, the encrypted Payload message,
 * 16 bytes of tag. The format is that of Temporal's examples, so that their codec servers can read it for
 * the web UI. Unencrypted payloads can be read. Without a key nothing is encrypted, and decrypting names
 * the missing key.
 */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const byName = new Map(keys.map((key) => [key.name, key]));
  const [first] = keys;
  return {
    encode: (payloads) =>
      Promise.resolve(first === undefined ? payloads : payloads.map((payload) => encrypt(payload, first))),
    // Must reject, not throw, if a key is missing.
    // eslint-disable-next-line @typescript-eslint/require-await
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, byName)),
  };
}
