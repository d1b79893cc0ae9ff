import type { PinnedMember } from '../../core/members';

/** What a webpack loader is called on, as far as this one needs it. */
interface LoaderContext {
  getOptions(): { readonly members: readonly PinnedMember[]; readonly registry: string };
}

/** A webpack loader: the text of a module that registers users' members. */
function registerMembers(this: LoaderContext): string {
  const { members, registry } = this.getOptions();
  const lines = members.map(
    (member) => `registerExport(${JSON.stringify(member)}, require(${JSON.stringify(member.path)}));`,
  );
  return [`const { registerExport } = require(${JSON.stringify(registry)});`, ...lines].join('\n');
}

export = registerMembers;
