import { z } from 'zod';
import type { MemberReference, PinnedMember } from '../core/members';
import { sha256 } from './scalars';

/** An export of a user's module. */
export const memberReference = z.strictObject({
  /** Path of the module, TypeScript or JavaScript. Its code enters keys, not its path. */
  module: z.string().min(1),
  /** Name of the export. */
  export: z.string().min(1),
}) satisfies z.ZodType<MemberReference>;

/** An absolute path that webpack reads as a file: "!" would name a loader. */
const modulePath = z.string().regex(/^(\/|[A-Za-z]:[\\/])[^!]*$/, 'an absolute path without "!" is needed');

/** A user's member as a job file or the ledger names it. */
export const pinnedMember = z.strictObject({
  path: modulePath,
  export: z.string(),
  /** SHA-256 of its code. */
  digest: sha256,
}) satisfies z.ZodType<PinnedMember>;
