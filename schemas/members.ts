import { z } from 'zod';
import type { MemberReference } from '../contracts/members';

/** An export of a user's module. */
export const memberReference = z.strictObject({
  /** Path of the module, TypeScript or JavaScript. Its code enters keys, not its path. */
  module: z.string().min(1),
  /** Name of the export. */
  export: z.string().min(1),
}) satisfies z.ZodType<MemberReference>;
