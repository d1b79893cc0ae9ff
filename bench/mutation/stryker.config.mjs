/**
 * Mutation testing of the code that counts money and selects pairs: `npm run mutate`. It changes the code in small ways and
 * runs the unit tests that reach each change; a change that no test notices survives. Scores are in
 * docs/design/mutation.md.
 */
export default {
  testRunner: 'mocha',
  mochaOptions: {
    config: 'test/unit/.mocharc.json',
    spec: ['test/unit/{planning,workflows,stages,activities}/**/*.test.ts'],
  },
  mutate: [
    'activities/synthesize-data/pair.ts',
    'planning/{budget,counts,money,pool,purchases,row-budget,unreported}.ts',
    'stages/synthesize-data/prices.ts',
    'workflows/spend-tracker.ts',
  ],
  // Texts of messages are no behaviour: programs read codes and fields.
  mutator: { excludedMutations: ['StringLiteral'] },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { reportTests: false, allowColor: false },
  // ts-node compiles for itself and reads the project's own tsconfig.json.
  tsconfigFile: 'none.json',
  tempDirName: '.stryker',
  cleanTempDir: 'always',
  ignorePatterns: ['dist', 'docs', 'examples', 'models', 'bench'],
};
