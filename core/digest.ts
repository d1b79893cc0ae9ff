import { sha256 } from '@noble/hashes/sha256';
import { bytesToHex } from '@noble/hashes/utils';
import type { PinnedMember } from './members';
import { canonicalJson } from './canonical-json';

/** SHA-256 of a text's UTF-8 bytes, hexadecimal. Synchronous and without Node, so that workflows can use it. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(text));
}

/** SHA-256 of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/** The digest of a base model: of its files, and of the code of a user's family that it is run with. */
export function modelDigest(files: string, family: PinnedMember | undefined): string {
  return family === undefined ? files : digestOf({ files, family: family.digest });
}

/** A seed for jobs: the first 48 bits of a digest as a number. */
export function seedOf(value: unknown): number {
  return Number.parseInt(digestOf(value).slice(0, 12), 16);
}
