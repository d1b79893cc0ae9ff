import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.budgetline/', '.cache/', 'coverage/', 'docs/', 'models/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Messages name counts, lines and steps: a number in a template is what we want.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => socket.end()` as a callback says what it does; a block around it says no more.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // noUncheckedIndexedAccess makes every typed-array read possibly undefined; inner loops over known lengths
      // state the bound with `!`, where a fallback value would hide a wrong index.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A leading underscore marks a parameter that an interface asks for.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Splitting text by code points is what a tokenizer and a table want.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // Rooms whose business is talking to people.
    files: ['cli/**', 'scripts/**', 'bench/**', 'examples/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.cjs', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
