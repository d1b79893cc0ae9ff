import { BudgetlineError } from './failures';

/** A user's loss, stage kind, pipeline or model family: a module and its export. */
export interface MemberReference {
  readonly module: string;
  readonly export: string;
}

/** A user's member, pinned by its code. The digest is in keys, the path is local to this host. */
export interface PinnedMember {
  /** Absolute path of the module. */
  readonly path: string;
  readonly export: string;
  /** SHA-256 of the code that the export can reach. */
  readonly digest: string;
}

const isReference = (value: object): value is MemberReference =>
  'module' in value &&
  typeof value.module === 'string' &&
  'export' in value &&
  typeof value.export === 'string';

/** A copy of a definition, or of a part of it, with every reference to a user's member changed. */
export function mapReferences(value: unknown, change: (reference: MemberReference) => object): unknown {
  if (Array.isArray(value)) return value.map((each) => mapReferences(each, change));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(isReference(value) ? change(value) : value);
  return Object.fromEntries(fields.map(([name, field]) => [name, mapReferences(field, change)]));
}

const members = new Map<string, unknown>();

/** Identifies a member by its code. */
export const idOf = ({ digest, export: name }: PinnedMember): string => `${digest} ${name}`;

/** Makes a loaded member known to this process or workflow. */
export function registerMember(pinned: PinnedMember, member: unknown): void {
  members.set(idOf(pinned), member);
}

/** The exports of a module as import() names them: a CommonJS module itself is its default. */
export const namedExports = (loaded: object): Readonly<Record<string, unknown>> =>
  '__esModule' in loaded ? loaded : { default: loaded, ...loaded };

/** Registers an export of a module that the workflow sandbox has loaded. */
export function registerExport(pinned: PinnedMember, loaded: object): void {
  const { path, export: name } = pinned;
  const member = namedExports(loaded)[name];
  if (member === undefined) throw new Error(`${path} has no export "${name}" in workflows.`);
  registerMember(pinned, member);
}

/**
 * A member that was loaded before, by its digest. Pure code asks here: the planner, and workflows, whose bundle has the
 * members of the definitions that its worker knows.
 *
 * @throws BudgetlineError CODE_DIFFERS
 */
export function memberOf(pinned: PinnedMember): unknown {
  const id = idOf(pinned);
  if (members.has(id)) return members.get(id);
  const { path, export: name, digest } = pinned;
  throw new BudgetlineError(
    'CODE_DIFFERS',
    `This worker has no "${name}" of ${path}, or has other code of it than the plan.`,
    { details: { path, export: name, digest } },
  );
}
