import { createRequire } from 'node:module';

// `import()` would find no TypeScript source when a program runs from sources.
const load = createRequire(__filename);

/**
 * The report and its figures, loaded when they are needed: they bring Vega and a renderer, which a program that only
 * defines a sweep has no use for.
 */
export function loadReport() {
  return {
    ...(load('../../report') as typeof import('../../report')),
    ...(load('./figure-files') as typeof import('./figure-files')),
  };
}
