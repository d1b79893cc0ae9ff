import { SourceMap } from 'node:module';
import vm from 'node:vm';
import { BudgetlineError } from '../../core/failures';
import { isUsers } from './users-modules';

/** A workflow of the bundle and what Temporal passes to any. */
const runtime = {
  info: { workflowType: 'allocationSweep', unsafe: {} },
  now: 0,
  randomnessSeed: [0],
  registeredActivityNames: new Set<string>(),
};

/** What the bundle exports to its worker, as far as it is needed here. */
interface Sandbox {
  initRuntime(options: typeof runtime): void;
}

const filename = 'workflow-bundle.js';

/** The innermost place of a user's module in a stack of the bundle. */
function placeIn(stack: string, code: string): string | undefined {
  const [, encoded = ''] =
    /\n\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/.exec(code) ?? [];
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMap['payload']);
  const places = [...stack.matchAll(/workflow-bundle\.js:(\d+):(\d+)/g)].map(([, line, column]) =>
    map.findEntry(Number(line) - 1, Number(column) - 1),
  );
  const place = places.find((entry) => 'originalSource' in entry && isUsers(entry.originalSource));
  return place && 'originalSource' in place ? `${place.originalSource}:${place.originalLine + 1}` : undefined;
}

/**
 * Loads workflow code once, as Temporal's sandbox loads it for a workflow: a worker would try it again for ever.
 *
 * @throws BudgetlineError DEFINITION_INVALID with file and line of a user's module that fails
 */
export async function evaluate(code: string): Promise<void> {
  // Loaded on demand, like the bundler.
  const { injectGlobals } = await import('@temporalio/worker/lib/workflow/vm-shared.js');
  const context = vm.createContext({ __webpack_module_cache__: {} });
  injectGlobals(context);
  try {
    vm.runInContext(code, context, { filename });
    (vm.runInContext('__TEMPORAL__.api', context) as Sandbox).initRuntime(runtime);
  } catch (error) {
    const { name, message, stack = '' } = error as Error;
    const place = placeIn(stack, code);
    const reason = place === undefined ? message : `${place} fails in workflows: ${name}: ${message}`;
    throw new BudgetlineError('DEFINITION_INVALID', reason, {
      remedy:
        'Workflows have the language and URL, TextEncoder and AbortController, not process, Buffer or files. Write constants, or put the code into the activity of a stage kind.',
      details: { place },
      cause: error,
    });
  }
}
