import { type CodeRole, codeRoles, type StageCode } from '../core/code';
import type { Resolved } from '../contracts/resolved';

type WithCode = Pick<Resolved<unknown>, 'code'>;
type Part = 'identity' | 'source';

function pick(
  { code = {} }: WithCode,
  name: string,
  { roles, part }: { roles: readonly CodeRole[]; part: Part },
) {
  const entries = roles.flatMap((role) => {
    const found = code[name]?.[role]?.[part];
    return found === undefined ? [] : [[role, found] as const];
  });
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as StageCode);
}

/** The user code that a stage calls, for its spec; empty where it calls none. */
export function codeFor(
  resolved: WithCode,
  name: string,
  roles: readonly CodeRole[] = codeRoles,
): { code?: StageCode } {
  return { code: pick(resolved, name, { roles, part: 'identity' }) };
}

/** The code digests behind versions, for a stage's record; in no key. */
export function sourcesFor(
  resolved: WithCode,
  name: string,
  roles: readonly CodeRole[] = codeRoles,
): { sources?: StageCode } {
  return { sources: pick(resolved, name, { roles, part: 'source' }) };
}
