import { createRequire } from 'node:module';

// `import()` does not find TypeScript files when a program runs from sources.
const load = createRequire(__filename);

/**
 * Loads the report and its charts on first use. A program that only defines a sweep does not need Vega and the chart
 * renderer.
 */
export function loadReport() {
  return {
    ...(load('../../report') as typeof import('../../report')),
    ...(load('./chart-files') as typeof import('./chart-files')),
  };
}
