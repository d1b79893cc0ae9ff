import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(folder: string): string {
  const path = join(folder, 'package.json');
  if (existsSync(path)) {
    const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string };
    if (name === 'budgetline') return folder;
  }
  return findRoot(dirname(folder));
}

/** The package's folder, from its sources or from dist/. */
export const packageRoot = findRoot(__dirname);

/** The base model that comes with the package. */
export const embeddedModelPath = join(packageRoot, 'models', 'tiny-math');

/** The workflow bundle that the build makes for workers. */
export const workflowBundlePath = join(packageRoot, 'dist', 'workflow-bundle.js');

/** The training executable that the build makes. */
export const trainerPath = join(packageRoot, 'dist', 'bin', 'budgetline-trainer.js');
