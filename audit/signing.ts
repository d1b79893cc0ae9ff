import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BudgetlineError } from '../core/failures';
import { warnIfShared } from '../host/own-files';
import type { AnchoredHead, HeadSignature } from '../contracts/activities';

/** The signed text. It is plain, so that any ed25519 tool can verify it. */
function statementOf(experimentId: string, { head, lines }: AnchoredHead): Buffer {
  return Buffer.from(`budgetline ledger head 1\nexperiment ${experimentId}\nlines ${lines}\nhead ${head}\n`);
}

function invalidKey(path: string, what: string, cause?: unknown): BudgetlineError {
  return new BudgetlineError('SIGNING_KEY_INVALID', `${path} ${what}.`, { details: { path }, cause });
}

function readKey(path: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = parse(readFileSync(path));
  } catch (cause) {
    throw invalidKey(path, 'cannot be read as a key in PEM', cause);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw invalidKey(path, `holds a key of type ${key.asymmetricKeyType ?? 'unknown'}, not ed25519`);
}

/** Reads a private ed25519 key in PEM. Throws SIGNING_KEY_INVALID. */
export function readSigningKey(path: string): KeyObject {
  const key = readKey(path, createPrivateKey);
  warnIfShared(path);
  return key;
}

function encodePublic(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** Reads a public ed25519 key in PEM, encoded as in signatures. Throws SIGNING_KEY_INVALID. */
export function readTrustedKey(path: string): string {
  return encodePublic(readKey(path, createPublicKey));
}

export function signHead(key: KeyObject, experimentId: string, head: AnchoredHead): HeadSignature {
  return {
    publicKey: encodePublic(createPublicKey(key)),
    signature: sign(null, statementOf(experimentId, head), key).toString('base64'),
  };
}

/** Whether the signature is valid for its key; false if the key cannot be parsed. */
export function isSignedBy(experimentId: string, head: AnchoredHead, by: HeadSignature): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(by.publicKey, 'base64'), type: 'spki', format: 'der' });
    const bytes = Buffer.from(by.signature, 'base64');
    return key.asymmetricKeyType === 'ed25519' && verify(null, statementOf(experimentId, head), key, bytes);
  } catch {
    return false;
  }
}
