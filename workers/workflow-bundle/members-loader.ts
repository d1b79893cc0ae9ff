import type { PinnedMember } from '../../core/members';

/** What a webpack loader is called on, as far as this one needs it. */
interface LoaderContext {
  getOptions(): { readonly members: readonly PinnedMember[]; readonly registry: string };
}

/** A webpack loader: the text of a module that registers users' members. */
function registerMembers(this: LoaderContext): string {
  const { members, registry } = this.getOptions();
  const lines = members.map(
    (member) =>
      `registerMember(${JSON.stringify(member)}, require(${JSON.stringify(member.path)})[${JSON.stringify(member.export)}]);`,
  );
  return [`const { registerMember } = require(${JSON.stringify(registry)});`, ...lines].join('\n');
}

export = registerMembers;
