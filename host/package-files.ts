import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../core/failures';

function findRoot(folder: string): string {
  const path = join(folder, 'package.json');
  if (existsSync(path)) {
    const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string };
    if (name === 'budgetline') return folder;
  }
  // A copy of the trainer may stand outside of the package. It needs no root until it loads a user's module.
  if (folder === dirname(folder)) return __dirname;
  return findRoot(dirname(folder));
}

/** The package's folder, from its sources or from dist/. */
export const packageRoot = findRoot(__dirname);

/** The base model that comes with the package. */
export const embeddedModelPath = join(packageRoot, 'models', 'tiny-math');

/** The workflow bundle that the build makes for workers. */
export const workflowBundlePath = join(packageRoot, 'dist', 'workflow-bundle.js');

/** The error where the build has not made the workflow bundle. */
export const noWorkflowBundle = (cause?: unknown): BudgetlineError =>
  new BudgetlineError('INPUT_MISSING', `There is no workflow bundle ${workflowBundlePath}.`, {
    remedy: 'Make it with "npm run build".',
    cause,
  });

/** The training executable that the build makes. */
export const trainerPath = join(packageRoot, 'dist', 'bin', 'budgetline-trainer.js');

/** The process that ends an embedded server without a home. */
export const keeperPath = join(packageRoot, 'dist', 'workers', 'embedded-server', 'keeper.js');
