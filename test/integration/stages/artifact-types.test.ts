import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { runInThisContext } from 'node:vm';
import ts from 'typescript';
import type { PlannedStage } from '../../../contracts/stage';
import { tracePipeline, type Stages } from '../../../stages';
import { artifacts, type ArtifactUse, artifactUses } from '../../support/cases/artifacts';
import { resolveSweep } from '../../support/planning/resolve';

const root = resolve(__dirname, '../../..');
const configPath = join(root, 'tsconfig.json');

/** Lines at which the compiler finds errors in a text that imports the package, counted from 1. */
function wrongLines(text: string): number[] {
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const path = join(__dirname, 'snippet.ts');
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, version, ...others) =>
    name === path ? ts.createSourceFile(name, text, version) : getSourceFile(name, version, ...others);
  const program = ts.createProgram([path], { ...options, noEmit: true }, host);
  const source = program.getSourceFile(path);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0 }) => (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
  );
}

const order = ['reference', 'demonstrations', 'samples', 'pairs', 'adapter', 'scores'] as const;
const made = order.map((name) => `  const ${name} = ${artifacts[name]};`);
const textOf = (lines: readonly string[]): string =>
  [
    "import type { Stages } from '../../../stages';",
    "import { bestOfN } from '../../support/toys/best-of-n';",
    'export async function pipeline(stages: Stages): Promise<unknown[]> {',
    ...made,
    '  const best = await stages.run(bestOfN, { reference, rows: 8, samples: 2 });',
    '  return [demonstrations, samples, pairs, adapter, scores, best,',
    ...lines.map((line) => `    ${line},`),
    '  ];',
    '}',
  ].join('\n');
const firstLine = 3 + made.length + 2 + 1;

/** Whether each line compiles. */
function compiled(lines: readonly string[]): boolean[] {
  const wrong = new Set(wrongLines(textOf(lines)));
  assert.ok(
    [...wrong].every((line) => line >= firstLine && line < firstLine + lines.length),
    [...wrong].join(),
  );
  return lines.map((_, at) => !wrong.has(firstLine + at));
}

describe('artifacts in calls of stages', function () {
  this.timeout(120_000);

  it('compile where they belong, and nowhere else', () => {
    assert.ok(artifactUses.filter(({ fits }) => !fits).length >= 50);
    const compiles = compiled(artifactUses.map(({ call }) => call));
    for (const [at, { call, fits }] of artifactUses.entries()) assert.equal(compiles[at], fits, call);
  });

  it('are of the kind that a stage kind of a user’s says', () => {
    const lines: readonly (readonly [line: string, compiles: boolean])[] = [
      ['stages.trainSft({ data: best })', true],
      ["stages.trainSft({ data: best, column: 'chosen' })", false],
      ['stages.trainPreference({ reference, data: best })', false],
      ['stages.evaluate({ reference, fewShot: best })', true],
      ['stages.evaluate({ reference: best })', false],
      ['stages.synthesizeData({ rows: 8, reference, candidates: 2 })', true],
      ['stages.synthesizeData({ rows: 8, candidates: 2 })', false],
      ['stages.synthesizeData({ rows: 8, reference, candidate: 2 })', false],
      ["stages.synthesizeData({ rows: 8, what: 'rejection-samples' })", false],
      ['stages.trainSft({ data: stages.synthesizeData({ rows: 8 }) })', false],
      ['stages.trainPreference({ reference, data: pairs, beta: 0.2, epochs: 1 })', true],
    ];
    const compiles = compiled(lines.map(([line]) => line));
    assert.deepEqual(
      lines.map(([line], at) => [line, compiles[at]]),
      lines,
    );
  });

  /** Plans a call, for callers that no compiler has checked. */
  async function plan({ call }: ArtifactUse): Promise<void> {
    const text = `async (stages) => { ${made.join('\n')}\n return ${call}; }`;
    const pipeline = runInThisContext(text) as (stages: Stages) => Promise<PlannedStage>;
    await tracePipeline({ resolved: resolveSweep(), seed: 0 }, pipeline);
  }

  it('are planned where they belong, and refused by their field elsewhere', async () => {
    for (const use of artifactUses) {
      if (use.fits) await plan(use);
      else
        await assert.rejects(plan(use), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'DEFINITION_INVALID', use.call);
          const [, kind = ''] = /^stages\.(\w+)/.exec(use.call)!;
          assert.match(error.message, new RegExp(`^stages\\.${kind}: ${use.field}: `), use.call);
          return true;
        });
    }
  });
});
