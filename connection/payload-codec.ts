import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { BudgetlineError } from '../contracts/failures';
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

/** Opens a payload; one that is not encrypted passes. CONNECTION_INVALID where its key is not among them. */
export function decrypt(payload: Payload, keys: ReadonlyMap<string, PayloadKey>): Payload {
  const { metadata, data } = payload;
  if (!isEncrypted(payload)) return payload;
  const name = Buffer.from(metadata?.['encryption-key-id'] ?? []).toString();
  const key = keys.get(name);
  if (key === undefined || !data)
    throw new BudgetlineError('CONNECTION_INVALID', `A payload was encrypted with the key "${name}".`, {
      remedy: 'Add that key to BUDGETLINE_PAYLOAD_KEYS, behind the one that encrypts.',
    });
  const opening = createDecipheriv(cipher, key.bytes, data.subarray(0, ivBytes));
  opening.setAuthTag(data.subarray(data.length - tagBytes));
  const text = [opening.update(data.subarray(ivBytes, data.length - tagBytes)), opening.final()];
  return PayloadMessage.decode(Buffer.concat(text));
}

/**
 * Encrypts payloads with AES-256-GCM: 12 bytes of nonce, the encrypted Payload message, 16 bytes of tag. The form is that of
 * Temporal's own examples, so that their codec servers can read it for the web UI. Payloads that are not encrypted pass.
 */
export function createPayloadCodec(keys: readonly [PayloadKey, ...PayloadKey[]]): PayloadCodec {
  const byName = new Map(keys.map((key) => [key.name, key]));
  return {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => encrypt(payload, keys[0]))),
    // Rejects, and does not throw, where a key is missing.
    // eslint-disable-next-line @typescript-eslint/require-await
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, byName)),
  };
}
