import assert from 'node:assert/strict';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../../..');

/** Stages by name, and a user's kind that makes rows. */
const given = `
import type { Stages } from '${root}/stages/functions';
import type { PlannedStage } from '${root}/contracts/stage';
declare const stages: Stages;
declare const model: PlannedStage<'model'>;
declare const adapter: PlannedStage<'adapter'>;
declare const scores: PlannedStage<'scores'>;
declare const ownRows: { kind: string; makes: 'rows'; revision: () => number; plan: (context: never, call: object) => never };
const demonstrations = await stages.synthesizeData({ rows: 8 });
const samples = await stages.synthesizeData({ rows: 8, reference: model, what: 'rejection-samples' });
const pairs = await stages.synthesizeData({ rows: 8, reference: model });
const named = await stages.synthesizeData({ rows: 8, reference: model, what: 'pairs', name: 'pairs' });
const own = await stages.run(ownRows as never, {} as never) as never as import('${root}/contracts/stage').RowsStage<never>;
const promised = stages.synthesizeData({ rows: 8 });
`;

const right = [
  'trainSft({ data: demonstrations })',
  'trainSft({ data: samples, base: model, epochs: 2 })',
  "trainSft({ data: pairs, column: 'chosen' })",
  "trainSft({ data: demonstrations, column: 'completion' })",
  'trainSft({ data: own })',
  'trainPreference({ reference: model, data: pairs })',
  'trainPreference({ reference: model, data: named, beta: 0.2 })',
  'trainPreference({ reference: model, data: own })',
  'freezeReference({ adapter })',
  'freezeReference({ adapter: null })',
  'evaluate({ reference: model })',
  'evaluate({ reference: model, adapter, fewShot: demonstrations })',
  "evaluate({ reference: model, fewShot: samples, split: 'validation' })",
  'synthesizeData({ rows: 4, reference: model, after: pairs })',
  'metrics(scores)',
];

/** Artifacts in places that need others. The last part of each place is what belongs there. */
const places: readonly (readonly [call: (value: string) => string, fits: readonly string[]])[] = [
  [(value) => `trainSft({ data: ${value} })`, ['demonstrations', 'samples', 'own']],
  [(value) => `trainSft({ data: ${value}, column: 'chosen' })`, ['pairs', 'named', 'own']],
  [(value) => `trainSft({ data: demonstrations, base: ${value} })`, ['model']],
  [(value) => `trainPreference({ reference: model, data: ${value} })`, ['pairs', 'named', 'own']],
  [(value) => `trainPreference({ reference: ${value}, data: pairs })`, ['model']],
  [(value) => `freezeReference({ adapter: ${value} })`, ['adapter', 'null']],
  [(value) => `evaluate({ reference: ${value} })`, ['model']],
  [(value) => `evaluate({ reference: model, adapter: ${value} })`, ['adapter']],
  [(value) => `evaluate({ reference: model, fewShot: ${value} })`, ['demonstrations', 'samples', 'own']],
  [(value) => `synthesizeData({ rows: 4, reference: ${value} })`, ['model']],
];
const artifacts = [
  ...['demonstrations', 'samples', 'pairs', 'named', 'own', 'model', 'adapter', 'scores', 'promised', 'null'],
];

const wrong = [
  ...places.flatMap(([call, fits]) => artifacts.filter((value) => !fits.includes(value)).map(call)),
  "trainSft({ data: demonstrations, column: 'chosen' })",
  "trainSft({ data: pairs, column: 'completion' })",
  "synthesizeData({ rows: '8' })",
  'synthesizeData({ reference: model })',
  "synthesizeData({ rows: 8, reference: model, what: 'preferences' })",
  "synthesizeData({ rows: 8, what: 'pairs', reference: adapter })",
  'trainSft({ data: demonstrations, epoch: 2 })',
  "evaluate({ reference: model, split: 'train' })",
];

/** The lines of a program with compiler errors, from 0. */
function faultyLines(text: string): Set<number> {
  const path = join(root, 'test/unit/stages/typed-calls.ts');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === path || disk.fileExists(name),
    readFile: (name) => (name === path ? text : disk.readFile(name)),
    getSourceFile: (name, ...rest) =>
      name === path
        ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
        : disk.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([path], options, host);
  const source = program.getSourceFile(path)!;
  const found = program.getSemanticDiagnostics(source);
  return new Set(found.map(({ start = 0 }) => source.getLineAndCharacterOfPosition(start).line));
}

describe('the types of a pipeline’s stages', () => {
  it('accept what belongs together, and refuse every other artifact', () => {
    const lines = given.split('\n');
    const calls = [...right, ...wrong].map((call) => `await stages.${call};`);
    const faulty = faultyLines([...lines, ...calls].join('\n'));
    const refused = (index: number): boolean => faulty.has(lines.length + index);
    assert.deepEqual(
      [...faulty].filter((line) => line < lines.length),
      [],
      'the given stages',
    );
    assert.deepEqual(
      right.filter((_, index) => refused(index)),
      [],
    );
    assert.deepEqual(
      wrong.filter((_, index) => !refused(right.length + index)),
      [],
    );
    assert.ok(wrong.length >= 60);
  }).timeout(60_000);
});
