/**
 * The import law. One table says what each room may import; the rules below are made from it, `npm run lint` and
 * test/integration/law.test.ts check it. docs/design/house.md says why the rooms are cut so.
 *
 * zod stands where data enters: files, process boundary, client, command line. Rooms that compute never parse: they use
 * schemas by their types, so the workflow bundle loads no zod.
 *
 * rooms: other rooms, `types` those of which only types may be used; packages: from node_modules; node: the platform.
 */
const law = {
  core: { packages: ['@noble/hashes'] },
  contracts: { rooms: ['core'], types: ['schemas', 'losses'] },
  // zod by its types: schemas/losses.ts passes it in.
  losses: { packages: ['zod'] },
  schemas: { rooms: ['core', 'losses'], packages: ['zod'] },
  stages: { rooms: ['core', 'contracts', 'losses'], types: ['schemas'] },
  planning: { rooms: ['core', 'contracts', 'losses', 'stages'], types: ['schemas'] },
  search: { rooms: ['core', 'contracts', 'planning', 'analysis'], types: ['schemas'] },
  analysis: { rooms: ['core', 'contracts'], types: ['schemas'] },
  host: { rooms: ['core'], node: true },
  code: { rooms: ['core', 'host'], packages: ['typescript', 'jiti'], node: true },
  text: { node: true },
  tasks: { rooms: ['core', 'contracts', 'schemas', 'text'], packages: ['zod'] },
  ingest: {
    rooms: ['core', 'contracts', 'schemas', 'text'],
    packages: ['zod', 'csv-parse', 'hyparquet', 'hyparquet-compressors', 'jsonc-parser'],
    node: true,
  },
  annotators: {
    rooms: ['core', 'contracts', 'schemas', 'host', 'store'],
    packages: ['zod', 'openai'],
    node: true,
  },
  store: {
    rooms: ['core', 'contracts', 'schemas', 'host'],
    packages: ['zod', '@huggingface/gguf'],
    node: true,
  },
  workflows: {
    rooms: ['core', 'contracts', 'losses', 'planning', 'search', 'stages'],
    types: ['schemas', 'activities'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
  },
  trainer: {
    rooms: ['core', 'contracts', 'schemas', 'losses', 'host', 'code'],
    packages: [
      'zod',
      '@huggingface/gguf',
      '@huggingface/jinja',
      '@huggingface/tokenizers',
      'onnxruntime-node',
      'onnxruntime-common',
      'protobufjs',
    ],
    node: true,
  },
  activities: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'losses',
      'code',
      'host',
      'planning',
      'stages',
      'tasks',
      'ingest',
      'text',
      'analysis',
      'audit',
      'connection',
      'store',
    ],
    packages: ['zod', '@temporalio/activity', '@temporalio/common'],
    node: true,
  },
  connection: {
    rooms: ['core', 'contracts', 'schemas', 'host'],
    packages: ['@temporalio/common', '@temporalio/envconfig', '@temporalio/proto'],
    node: true,
  },
  workers: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'host',
      'planning',
      'activities',
      'code',
      'tasks',
      'store',
      'connection',
    ],
    packages: [
      'zod',
      'esbuild',
      '@temporalio/worker',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/testing',
    ],
    node: true,
  },
  audit: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'losses',
      'host',
      'analysis',
      'connection',
      'planning',
      'stages',
      'store',
      'text',
    ],
    packages: ['zod', 'csv-stringify', 'tar'],
    node: true,
  },
  conformance: { rooms: ['core', 'contracts', 'schemas', 'activities'], node: true },
  report: {
    rooms: ['core', 'contracts', 'analysis', 'stages'],
    types: ['schemas', 'losses'],
    packages: ['vega', 'vega-lite'],
  },
  definitions: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'losses',
      'code',
      'host',
      'planning',
      'stages',
      'ingest',
      'store',
      'trainer',
    ],
    packages: ['zod', '@huggingface/hub'],
    node: true,
  },
  client: {
    rooms: ['core', 'contracts', 'schemas', 'host', 'planning', 'store', 'connection'],
    types: ['workflows'],
    packages: ['zod', '@temporalio/client', '@temporalio/common'],
    node: true,
  },
  app: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'code',
      'losses',
      'host',
      'definitions',
      'client',
      'workers',
      'planning',
      'stages',
      'annotators',
      'analysis',
      'audit',
      'report',
      'store',
    ],
    packages: ['zod', 'csv-parse', '@resvg/resvg-js', 'dejavu-fonts-ttf', '@temporalio/client'],
    node: true,
  },
  cli: {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'host',
      'app',
      'definitions',
      'client',
      'workers',
      'planning',
      'stages',
      'tasks',
      'ingest',
      'annotators',
      'analysis',
      'audit',
      'report',
      'store',
      'conformance',
    ],
    packages: ['zod', 'commander', 'picocolors', 'string-width'],
    node: true,
  },
  // The package's public face: nothing but re-exports.
  'index.ts': {
    rooms: [
      'core',
      'contracts',
      'schemas',
      'losses',
      'app',
      'definitions',
      'planning',
      'stages',
      'workflows',
      'activities',
      'workers',
      'tasks',
      'annotators',
      'store',
      'analysis',
      'audit',
      'report',
      'client',
    ],
  },
  // What a user's program can: 'budgetline' and 'budgetline/workflows', that is workflows/compose.ts.
  examples: { rooms: ['index.ts', 'workflows'], packages: ['@temporalio/workflow'], node: true },
};

const roomPath = (room) => (room.endsWith('.ts') ? `^${room.replace('.', '\\.')}$` : `^${room}/`);
const everyRoom = [...Object.keys(law), 'bench', 'scripts', 'test'];
const anyOf = (patterns) => (patterns.length === 0 ? '^$' : patterns.join('|'));
const packagePath = (name) => `(^|/)node_modules/(@types/)?${name.replace('/', '\\/')}/`;

function rulesOf([room, { rooms = [], types = [], packages = [], node = false }]) {
  const from = { path: roomPath(room) };
  const rule = (name, comment, to) => ({ name: `${room}-${name}`, severity: 'error', comment, from, to });
  return [
    rule('rooms', `${room} imports of our rooms only: ${[...rooms, ...types].join(', ') || 'none'}`, {
      path: anyOf(everyRoom.map(roomPath)),
      pathNot: anyOf([room, ...rooms, ...types].map(roomPath)),
    }),
    ...types.map((other) =>
      rule(`types-of-${other}`, `${room} uses ${other} by its types alone (import type)`, {
        path: roomPath(other),
        dependencyTypesNot: ['type-only'],
      }),
    ),
    rule('packages', `${room} imports of packages only: ${packages.join(', ') || 'none'}`, {
      dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
      pathNot: anyOf(packages.map(packagePath)),
    }),
    ...(node ? [] : [rule('node', `${room} imports nothing of Node`, { dependencyTypes: ['core'] })]),
  ];
}

const further = [
  {
    name: 'only-runtime-runs-onnx',
    comment: 'onnxruntime-node is imported by trainer/runtime alone; everything else speaks to that room',
    from: { pathNot: '^trainer/runtime/' },
    to: { path: '(^|/)node_modules/onnxruntime-(node|common)/' },
  },
  {
    name: 'trainer-counts-for-planning',
    comment: 'of the training executable, planning uses the tokenizer alone, to count tokens before a run',
    from: { pathNot: '^(trainer|test|bench|scripts)/' },
    to: { path: '^trainer/', pathNot: '^trainer/data/lengths\\.ts$' },
  },
  {
    name: 'trainer-knows-no-temporal',
    comment: 'the training executable is replaceable and runs without a server',
    from: { path: '^trainer/' },
    to: { path: '(^|/)node_modules/@temporalio/' },
  },
  {
    name: 'trainer-knows-no-definition',
    comment: 'a job file says all that the training executable needs; it knows no sweep',
    from: { path: '^(trainer/|schemas/trainer-)' },
    to: { path: '^schemas/definition\\.ts$' },
  },
  {
    name: 'examples-compose',
    comment: 'of workflows/, examples see what a user of the package sees: workflows/compose.ts',
    from: { path: '^examples/' },
    to: { path: '^workflows/', pathNot: '^workflows/compose\\.ts$' },
  },
  {
    name: 'no-cycles',
    comment: 'a cycle hides which of its files is the lower one',
    from: {},
    to: { circular: true },
  },
  {
    name: 'everything-resolves',
    comment: 'an import that does not resolve is a typing error or an undeclared package',
    from: {},
    to: { couldNotResolve: true },
  },
].map((rule) => ({ severity: 'error', ...rule }));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [...Object.entries(law).flatMap(rulesOf), ...further],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|docs|models|coverage|\\.budgetline|\\.cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
