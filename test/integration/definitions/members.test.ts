import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { defineSweep, resolveDefinition, type SweepInput } from '../../../definitions';
import { assertRepeatable, planGrid } from '../../../planning';
import { syntheticDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const source = `import { cpus } from 'node:os';
import { defineStage, outputOf, plainFacts, noWork } from 'budgetline/workflows';
const rules = (kind, change = {}, rule = {}) => ({
  kind,
  makes: 'notes',
  revision: () => 1,
  activity: { module: './own.ts', export: 'work' },
  plan: () => ({
    ...plainFacts,
    ...{ spec: { kind }, inputs: {}, title: 'Notes', queue: 'cpu', work: noWork, optimiserSteps: null },
    ...change,
  }),
  ...rule,
});
export const work = async () => {};
export const notes = defineStage(rules('notes'));
export const again = defineStage(rules('notes'));
export const named = { kind: 'few', plan: () => ({}) };
export const idle = rules('idle', {}, { activity: undefined });
export const scores = rules('scores', {}, { makes: 'scores' });
export const builtIn = rules('trainSft');
export const queue = rules('queue', { queue: 'tpu' });
export const endless = rules('endless', { work: { tokens: NaN, perSecond: 1 } });
export const untitled = rules('untitled', { title: undefined });
export const formless = rules('formless', { rows: { count: 1, noun: 'rows' } });
export const other = rules('other', { spec: { kind: 'notes' } });
export const none = rules('none', {}, { plan: () => undefined });
const all = { notes, queue, endless, untitled, formless, other, none };

const base = async (stages) => stages.evaluate({ reference: await stages.freezeReference({ adapter: null }) });
const withStage = (kind) => async (stages) => {
  await stages.run(all[kind], {});
  return base(stages);
};
export const useNotes = withStage('notes');
export const useQueue = withStage('queue');
export const useEndless = withStage('endless');
export const useUntitled = withStage('untitled');
export const useFormless = withStage('formless');
export const useOther = withStage('other');
export const useNone = withStage('none');
export const invented = async (stages) => ({ ...(await base(stages)), key: '0' });
export const unscored = async (stages) => stages.freezeReference({ adapter: null });
export const machine = (stages) => (cpus().length > 0 ? base(stages) : undefined);
let calls = 0;
export const counted = async (stages) => {
  calls += 1;
  await stages.synthesizeData({ rows: calls });
  return base(stages);
};
`;

describe('a definition with stage kinds and a pipeline of its user', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const reference = (name: string) => ({ module: './own.ts', export: name });

  async function plan({ kinds = ['notes'], pipeline = 'useNotes' }: { kinds?: string[]; pipeline?: string }) {
    const own: Partial<SweepInput> = { stageKinds: kinds.map(reference), pipeline: reference(pipeline) };
    const definition = defineSweep({
      ...syntheticDefaults('grade-school-math'),
      ...{ name: 'own', annotator: 'clean', budgets: [4], sftFractions: [0.5] },
      ...{ evaluation: { items: 2, maxNewTokens: 8 } },
      ...own,
    });
    const resolved = await resolveDefinition(definition, { tasks: builtInTasks, baseDir: folder.path() });
    const planned = await planGrid(resolved);
    await assertRepeatable(planned);
    return planned;
  }

  before(() => writeFileSync(folder.at('own.ts'), source));

  const refused = (asked: Parameters<typeof plan>[0], ...texts: RegExp[]) =>
    assert.rejects(plan(asked), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'DEFINITION_INVALID', error.stack);
      for (const text of texts) assert.match(error.message, text);
      return true;
    });

  it('plans them', async () => {
    const { stages } = await plan({});
    assert.deepEqual(stages.filter(({ stage }) => stage.kind === 'notes').length, 1);
  });

  it('refuses two kinds of one name, with both fields', () =>
    refused({ kinds: ['notes', 'again'] }, /stageKinds\[0\] and stageKinds\[1\].*"notes"/));

  it('lists the rules that a kind lacks', async () => {
    await refused({ kinds: ['named'] }, /stageKinds\[0\]/, /makes \(.*revision \(.*activity \(/);
    await refused({ kinds: ['idle'] }, /wrong: activity \(\{ module, export \}\)/);
    await refused({ kinds: ['scores'] }, /wrong: makes \(a text other than "scores"\)/);
    await refused({ kinds: ['builtIn'] }, /name of a built-in kind, "trainSft"/);
  });

  const faulty: Readonly<Record<string, RegExp>> = {
    queue: /no valid queue \(gpu or cpu\)/,
    endless: /no valid work \(/,
    untitled: /no valid title \(/,
    formless: /no valid rows\.format \(.*rows\.source \(.*rows\.provenance \(/,
    other: /no valid spec \(plain JSON with the kind "other"\)/,
    none: /no valid spec .*title .*queue /,
  };
  for (const [kind, text] of Object.entries(faulty))
    it(`refuses a plan with wrong facts: ${kind}`, () =>
      refused(
        { kinds: [kind], pipeline: `use${kind[0]!.toUpperCase()}${kind.slice(1)}` },
        new RegExp(`the kind "${kind}"`),
        text,
      ));

  it('refuses a pipeline that does not return its evaluation', async () => {
    for (const pipeline of ['invented', 'unscored'])
      await refused({ pipeline }, new RegExp(`"${pipeline}".* does not return an evaluation`));
  });

  it('refuses a pipeline that imports what workflows cannot load, before it is planned', () =>
    refused(
      { pipeline: 'machine' },
      /^pipeline: .*own\.ts:1 imports "node:os", which workflows cannot load/,
    ));

  it('refuses a pipeline that plans other stages when it is called again', () =>
    refused({ pipeline: 'counted' }, /"counted".* plans other stages when it is called again/));
});
