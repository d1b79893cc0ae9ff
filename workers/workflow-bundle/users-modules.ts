import type { BundleOptions } from '@temporalio/worker';
import { isCode } from '../../code/module';
import { isOurs } from '../../code/places';
import { packageNameOf, readResolver } from '../../code/resolve';

type Configuration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type Plugin = NonNullable<Configuration['plugins']>[number];
type Rules = NonNullable<NonNullable<Configuration['module']>['rules']>;

/** Whether a file is code of the user. */
export const isUsers = (path: string): boolean =>
  isCode(path) && !isOurs(path) && packageNameOf(path) === undefined;

/** Resolves the imports of users' modules as planning does: webpack knows other extensions, in another order. */
export async function resolvingAsPlanned(): Promise<Plugin> {
  const resolve = await readResolver();
  return (compiler) => {
    compiler.hooks.normalModuleFactory.tap('users-modules', (factory) => {
      factory.hooks.beforeResolve.tap('users-modules', (data) => {
        const { issuer } = data.contextInfo;
        if (isUsers(issuer)) data.request = resolve(issuer, data.request) ?? data.request;
      });
    });
  };
}

/** Compiles all of users' modules as webpack's configuration compiles .ts; import and require mix, as when planning. */
export const compilingAll = (rules: Rules): Rules =>
  rules.map((rule) => {
    const isCompiler = rule instanceof Object && rule.test instanceof RegExp && rule.test.test('module.ts');
    if (!isCompiler) return rule;
    const parser = { node: { __dirname: false, __filename: false } };
    return { ...rule, test: isUsers, type: 'javascript/auto', resolve: { fullySpecified: false }, parser };
  });
