import { idOf, type PinnedMember } from '../core/members';
import type { AnyResolved, ResolvedMembers } from '../contracts/resolved';
import { taskQueues } from '../contracts/stage';
import { digestOf } from '../core/digest';
import { definitionDigest } from './identity';

/** The users' members at some places that workflows load, each once, in a fixed order. */
export function membersAt(places: readonly (ResolvedMembers | undefined)[]): PinnedMember[] {
  const all = places.flatMap(({ pipeline, stageKinds = [] }: ResolvedMembers = {}) => [
    ...(pipeline === undefined ? [] : [pipeline]),
    ...stageKinds.map(({ path, export: name, digest }) => ({ path, export: name, digest })),
  ]);
  const byId = all.map((member) => [idOf(member), member] as const);
  return [...new Map(byId.sort(([a], [b]) => (a < b ? -1 : 1))).values()];
}

/** The users' members of a definition, at all places on its axes. */
export function membersOf(resolved: AnyResolved): PinnedMember[] {
  return membersAt((resolved.variants ?? [resolved]).map(({ members }) => members));
}

/**
 * The queue of a definition's workflows. Those with users' members have a queue of their own, which only workers with
 * the same code poll: a changed module never runs a workflow that was started with another one.
 */
export function workflowQueue(members: readonly PinnedMember[]): string {
  if (members.length === 0) return taskQueues.cpu;
  const code = members.map(({ digest, export: name }) => ({ digest, name }));
  return `${taskQueues.cpu}-${digestOf(code).slice(0, 12)}`;
}

/** What an experiment's ledger records of its definition when it opens. */
export function openingOf(resolved: AnyResolved, digest: string = definitionDigest(resolved)) {
  const members = membersOf(resolved);
  return {
    definition: resolved.definition,
    definitionDigest: digest,
    members: members.length === 0 ? undefined : members,
  };
}
