import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { BundleOptions } from '@temporalio/worker';
import { assertPinned } from '../../code/members';
import { assertLoadable, readSandboxCode, type SandboxCode } from '../../code/sandbox';
import { BudgetlineError } from '../../core/failures';
import type { PinnedMember } from '../../core/members';
import { packageRoot } from '../../host/package-files';
import { evaluate } from './evaluate';
import { PackageImports } from './refused-imports';
import { compilingAll, isUsers, resolvingAsPlanned } from './users-modules';

type Configuration = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

const dist = join(packageRoot, 'dist');
/** Their paths order the modules, so the sources and the compiled package use the same ones. */
const loaderAt = (name: string): string => join(dist, 'workers', 'workflow-bundle', name);
const composePath = join(dist, 'workflows', 'compose.js');

/** Workflow code with its SHA-256. */
export interface WorkflowBundle {
  readonly code: string;
  readonly digest: string;
}

/** Puts users' members in the place of workflows/user-members.ts. */
function memberRule(members: readonly PinnedMember[]): object {
  const registry = join(dist, 'core', 'members.js');
  return {
    test: join(dist, 'workflows', 'user-members.js'),
    use: { loader: loaderAt('members-loader.js'), options: { members, registry } },
  };
}

/** Users' modules have only the code that the members' digests cover. */
const keptRule = ({ texts }: SandboxCode): object => ({
  test: isUsers,
  enforce: 'pre',
  use: { loader: loaderAt('kept-loader.js'), options: { texts } },
});

const commentsRule = { test: /\.js$/, include: dist, use: loaderAt('comments-loader.js') };

/** Webpack's first error: file, line and reason. Its list of the bundle's files comes before. */
function reasonIn(output: string): string | undefined {
  const [, path, line, reason] = /^ERROR in (.*?)(?: (\d+):\S*)?\n((?:.*\n?){1,3})/m.exec(output) ?? [];
  if (path === undefined || reason === undefined) return undefined;
  // Webpack's paths are relative to this package.
  const file = /^\.{1,2}[/\\]/.test(path) ? resolve(packageRoot, path) : path;
  return `${[file, line].filter(Boolean).join(':')}: ${reason.trim()}`;
}

/** The error of a bundle that cannot be made. */
function unbundled(output: string, cause: unknown): BudgetlineError {
  const message = `The workflows cannot be bundled: ${reasonIn(output) ?? (cause as Error).message}`;
  return new BudgetlineError('DEFINITION_INVALID', message, {
    remedy: 'Correct the module, or put what workflows cannot load into the activity of a stage kind.',
    cause,
  });
}

type Bundled = Pick<BundleOptions, 'workflowsPath' | 'workflowInterceptorModules' | 'webpackConfigHook'>;

/** @throws BudgetlineError DEFINITION_INVALID with the first of webpack's errors, unless `refusal` returns another one */
async function bundleCode(
  options: Bundled,
  refusal = (): Error | undefined => undefined,
): Promise<WorkflowBundle> {
  // Loaded on demand: it brings a bundler.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const errors: string[] = [];
  const silent = (): void => undefined;
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent };
  try {
    const { code } = await bundleWorkflowCode({
      ...options,
      failureConverterPath: join(dist, 'workflows', 'failure-converter.js'),
      logger: { ...logger, error: (text) => errors.push(text) },
    });
    return { code, digest: createHash('sha256').update(code).digest('hex') };
  } catch (cause) {
    throw refusal() ?? unbundled(errors.join('\n'), cause);
  }
}

const aliases = (config: Configuration): Record<string, string> => ({
  ...(config.resolve?.alias as Record<string, string>),
  'budgetline/workflows$': composePath,
});

/**
 * Bundles a file of users' own workflows, in seconds, with what records their runs.
 *
 * @throws BudgetlineError DEFINITION_INVALID if it cannot be bundled
 */
export function bundleOwnWorkflows(workflowsPath: string): Promise<WorkflowBundle> {
  return bundleCode({
    workflowsPath,
    workflowInterceptorModules: [join(dist, 'workflows', 'own-run-interceptors.js')],
    // The interceptors and the user's code share one module.
    webpackConfigHook: (config) => ({ ...config, resolve: { ...config.resolve, alias: aliases(config) } }),
  });
}

async function bundle(members: readonly PinnedMember[], code: SandboxCode): Promise<WorkflowBundle> {
  const imports = new PackageImports(code);
  const asPlanned = await resolvingAsPlanned();
  const check = (data: Parameters<PackageImports['add']>[0]): Promise<void> => {
    imports.add(data);
    return Promise.resolve();
  };
  const configure = (config: Configuration): Configuration => ({
    ...config,
    // Paths in the bundle are relative to it.
    context: packageRoot,
    externals: [check, config.externals].flat() as NonNullable<Configuration['externals']>,
    resolve: {
      ...config.resolve,
      // A path names its file: of lib.js and lib.ts, lib.js.
      extensionAlias: {},
      alias: aliases(config),
    },
    plugins: [...(config.plugins ?? []), asPlanned],
    module: {
      ...config.module,
      rules: [...compilingAll(config.module?.rules ?? []), commentsRule, memberRule(members), keptRule(code)],
    },
  });
  const options = { workflowsPath: join(dist, 'workflows', 'index.js'), webpackConfigHook: configure };
  return bundleCode(options, () => imports.refusals[0]);
}

/** Compares the members before and after: edited code never runs under the planned digest. */
async function bundlePinned(members: readonly PinnedMember[]): Promise<WorkflowBundle> {
  await Promise.all(members.map(assertPinned));
  const code = await readSandboxCode(members);
  assertLoadable(code);
  const made = await bundle(members, code);
  await evaluate(made.code);
  await Promise.all(members.map(assertPinned));
  return made;
}

const known = new Map<string, Promise<WorkflowBundle>>();

/**
 * Bundles the workflows with users' members, in seconds; once a process. The same members at the same paths have the same
 * bytes.
 *
 * @throws BudgetlineError CODE_DIFFERS if a member has other code now, DEFINITION_INVALID if a workflow cannot load its
 * module
 */
export function bundleWorkflows(members: readonly PinnedMember[]): Promise<WorkflowBundle> {
  const id = JSON.stringify(members);
  const bundling = known.get(id) ?? bundlePinned(members);
  known.set(id, bundling);
  bundling.catch(() => known.delete(id));
  return bundling;
}
