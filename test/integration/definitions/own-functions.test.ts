import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadDefinition, planSweep } from '../../../app';
import { defineExperiment, defineSweep, type ExperimentInput, type SweepInput } from '../../../definitions';
import type { Pipeline } from '../../../planning/pipeline';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { temporaryFolder, temporaryHome } from '../../support/temporary';
import { bestOfN } from '../../support/toys/best-of-n';
import { distillation } from '../../support/toys/distillation';

export const own: Pipeline = async (stages) =>
  stages.evaluate({ reference: await stages.freezeReference({ adapter: null }) });

const basics = {
  ...gradeSchoolMathDefaults,
  name: 'own',
  annotator: 'clean',
  evaluation: { items: 2, maxNewTokens: 8 },
};
const grid = { budgets: [4], sftFractions: [0.5] };
const sweep = (more: Partial<SweepInput>) => defineSweep({ ...basics, ...grid, ...more });

const toy = (name: string): string => require.resolve(`../../support/toys/${name}`);
const inToys = { module: toy('distillation'), export: 'distillation' };
const kindInToys = { module: toy('best-of-n'), export: 'bestOfN' };

describe('a definition with functions of the user', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const home = temporaryHome();

  it('has them by module and export', () => {
    const { pipeline, stageKinds } = sweep({ pipeline: distillation, stageKinds: [bestOfN] });
    assert.deepEqual(pipeline, inToys);
    assert.deepEqual(stageKinds, [kindInToys]);
    assert.deepEqual(sweep({ pipeline: own }).pipeline, { module: __filename, export: 'own' });
    const experiment: ExperimentInput = { ...basics, budget: 4, sftFraction: 1, pipeline: distillation };
    assert.deepEqual(defineExperiment(experiment).pipeline, inToys);
  });

  it('has them on an axis, too', () => {
    const { axes } = sweep({
      axes: {
        method: { own: { pipeline: own }, toy: { pipeline: distillation, stageKinds: [bestOfN] } },
        'sft.lora.rank': [4, 8],
      },
    });
    assert.deepEqual(axes, {
      method: {
        own: { pipeline: { module: __filename, export: 'own' } },
        toy: { pipeline: inToys, stageKinds: [kindInToys] },
      },
      'sft.lora.rank': [4, 8],
    });
  });

  it('refuses functions in a list on an axis, with the way to name them', () =>
    assert.throws(() => sweep({ axes: { pipeline: [own, distillation] } as never }), {
      code: 'DEFINITION_INVALID',
      message:
        'axes.pipeline: name each function: axes: { method: { a: { pipeline: a }, b: { pipeline: b } } }.',
    }));

  it('refuses one that no module exports, with its field', () => {
    const hidden: Pipeline = (stages, cell) => own(stages, cell);
    const refused = (field: string) => ({ code: 'DEFINITION_INVALID', message: new RegExp(`^${field}`) });
    assert.throws(() => sweep({ pipeline: hidden }), {
      ...refused('pipeline: no module exports this function\\.'),
      remedy: /^Write: export const hidden: Pipeline = …; before/,
    });
    assert.throws(() => sweep({ stageKinds: [{ ...bestOfN }] }), refused('stageKinds\\[0\\]: no module'));
    assert.throws(
      () => sweep({ axes: { method: { own: { pipeline: hidden } } } }),
      refused('axes\\["method"\\], own: pipeline: no module'),
    );
  });

  const head = `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import type { Pipeline } from 'budgetline/workflows';
`;
  const tail = `
export default defineSweep({
  ...gradeSchoolMathDefaults,
  ...{ name: 'one-file', annotator: 'clean', budgets: [4], sftFractions: [0.5], pipeline },
});
`;
  /** Plans the sweep of one file. The pipeline starts at line 3. */
  async function plan(name: string, pipeline: string) {
    writeFileSync(folder.at(name), `${head}${pipeline}${tail}`);
    const { definition } = await loadDefinition(folder.at(name));
    return planSweep(definition, { home: home.path() });
  }
  const base = 'return stages.evaluate({ reference: await stages.freezeReference({ adapter: null }) });';
  const withLine = (line: string): string =>
    `export const pipeline: Pipeline = async (stages) => {\n  ${line}\n  ${base}\n};`;

  it('is one file with the pipeline', async () => {
    const { resolved, plan: planned } = await plan('one-file.ts', withLine(''));
    assert.deepEqual(resolved.definition.pipeline, { module: folder.at('one-file.ts'), export: 'pipeline' });
    assert.equal(planned.cells[0]?.stages.length, 2);
  });

  const refusals: Readonly<Record<string, [line: string, what: string]>> = {
    random: ['Math.random();', 'calls Math\\.random\\(\\)'],
    awaited: ['await null; Date.now();', 'calls Date\\.now\\(\\)'],
    staged: ['await stages.freezeReference({ adapter: null }); Date.now();', 'calls Date\\.now\\(\\)'],
    made: ['new Date();', 'calls new Date\\(\\)'],
    text: ['Date();', 'calls Date\\(\\)'],
    performance: ['performance.now();', 'calls performance\\.now\\(\\)'],
    mark: ["performance.mark('a');", 'calls performance\\.mark\\(\\)'],
    origin: ['performance.timeOrigin;', 'reads performance\\.timeOrigin'],
    uptime: ['process.uptime();', 'calls process\\.uptime\\(\\)'],
    id: ['crypto.randomUUID();', 'calls crypto\\.randomUUID\\(\\)'],
    bytes: ['crypto.getRandomValues(new Uint8Array(1));', 'calls crypto\\.getRandomValues\\(\\)'],
    timeout: ['await new Promise((done) => setTimeout(done, 1));', 'calls setTimeout\\(\\)'],
    interval: ['setInterval(() => undefined, 1);', 'calls setInterval\\(\\)'],
    immediate: ['setImmediate(() => undefined);', 'calls setImmediate\\(\\)'],
    network: ["await fetch('http://localhost');", 'calls fetch\\(\\)'],
    environment: ["if (process.env.HOME === 'x') return;", 'reads process\\.env'],
    hrtime: ['process.hrtime();', 'calls process\\.hrtime\\(\\)'],
    bigint: ['process.hrtime.bigint();', 'calls process\\.hrtime\\.bigint\\(\\)'],
    passed: ['[1].map(Math.random);', 'calls Math\\.random\\(\\)'],
    caught: ['try { Math.random(); } catch {}', 'calls Math\\.random\\(\\)'],
    last: ['try { Date.now(); } catch {} Math.random();', 'calls Date\\.now\\(\\)'],
  };
  for (const [name, [line, what]] of Object.entries(refusals))
    it(`refuses a pipeline that ${what.replaceAll('\\', '')}: ${name}`, () =>
      assert.rejects(plan(`chance-${name}.ts`, withLine(line)), {
        code: 'DEFINITION_INVALID',
        message: new RegExp(
          `^budget 4 at SFT fraction 0.5: pipeline: .*chance-${name}\\.ts:4 ${what}; a pipeline must plan the same stages always\\.$`,
        ),
      }));

  it('refuses chance in a package that the pipeline calls, with the user’s line', async () => {
    const meta = folder.at('node_modules');
    mkdirSync(`${meta}/dice`, { recursive: true });
    writeFileSync(`${meta}/dice/package.json`, '{ "name": "dice", "version": "1.0.0", "main": "index.js" }');
    writeFileSync(`${meta}/dice/index.js`, 'exports.roll = () => Math.random();');
    const pipeline = `import { roll } from 'dice';\n${withLine('roll();')}`;
    await assert.rejects(plan('packaged.ts', pipeline), { message: /packaged\.ts:5 calls Math\.random\(\)/ });
  });

  it('takes dates that depend on their arguments only', async () => {
    await plan('fixed-date.ts', withLine('if (!(new Date(0) instanceof Date)) throw new Error();'));
  });

  it('names file and line of an error of the pipeline', () =>
    assert.rejects(plan('failing.ts', withLine('(undefined as any).rows;')), {
      code: 'DEFINITION_INVALID',
      message: /^budget 4 at SFT fraction 0\.5: pipeline: .*failing\.ts:4 fails: TypeError: Cannot read/,
    }));

  it('refuses what workflows cannot load when it is planned', () =>
    assert.rejects(plan('files.ts', `import { cpus } from 'node:os';\n${withLine('cpus();')}`), {
      message: /^pipeline: .*files\.ts:3 imports "node:os", which workflows cannot load/,
    }));
});
