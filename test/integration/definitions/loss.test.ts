import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineSweep, resolveDefinition, type SweepInput } from '../../../definitions';
import { BudgetlineError } from '../../../core/failures';
import type { PlannedStage } from '../../../contracts/stage';
import { planGrid } from '../../../planning';
import type { StageOf } from '../../../stages';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const toys = join(__dirname, '..', '..', 'support', 'toys', 'losses.ts');
const isTuning = (stage: PlannedStage): stage is StageOf<'trainPreference'> =>
  stage.kind === 'trainPreference';
const own = { module: './losses.ts', export: 'margin', beta: 0.5 };

describe('a user’s loss in a definition', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  beforeEach(() => copyFileSync(toys, folder.at('losses.ts')));

  const resolve = (loss: object, more: Partial<SweepInput> = {}) =>
    resolveDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'own-loss',
        annotator: 'clean',
        evaluation: { items: 8, maxNewTokens: 8 },
        data: { source: 'synthetic', pool: 32, validation: 2, test: 8 },
        ...{ budgets: [8], sftFractions: [0.5], controls: [] },
        preference: { ...gradeSchoolMathDefaults.preference, loss: loss as never },
        ...more,
      }),
      { tasks: builtInTasks, baseDir: folder.path() },
    );
  const tunedStages = async (loss: object, more?: Partial<SweepInput>) =>
    (await planGrid(await resolve(loss, more))).stages.map(({ stage }) => stage).filter(isTuning);
  const keyOf = async (loss: object): Promise<string> => (await tunedStages(loss))[0]!.key;

  it('is pinned by its code and options, and not by its path', async () => {
    const [stage] = await tunedStages(own);
    assert.deepEqual(stage!.spec.loss, { module: undefined, export: 'margin', beta: 0.5 });
    assert.deepEqual(Object.keys(stage!.spec.code?.loss ?? {}), ['losses.ts']);
    assert.equal(stage!.files['loss'], folder.at('losses.ts'));
    assert.match(stage!.title, /^Margin DPO without a margin on 4 pairs$/);
    assert.equal(await keyOf({ ...own, module: folder.at('losses.ts') }), stage!.key);
    assert.notEqual(await keyOf({ ...own, gamma: 1 }), stage!.key);
  });

  it('has another key once its code changes, and not for a comment', async () => {
    const key = await keyOf(own);
    const text = readFileSync(toys, 'utf8');
    const keyIn = (name: string, content: string): Promise<string> => {
      mkdirSync(folder.at(name));
      writeFileSync(folder.at(`${name}/losses.ts`), content);
      return keyOf({ ...own, module: `./${name}/losses.ts` });
    };
    assert.equal(await keyIn('comment', `// A comment.\n${text}`), key);
    const changed = text.replace('Math.log1p', 'Math.log1p.call(null, 0) + Math.log1p');
    assert.notEqual(await keyIn('changed', changed), key);
    // This process has loaded the file.
    writeFileSync(folder.at('losses.ts'), changed);
    await assert.rejects(keyOf(own), { code: 'CODE_DIFFERS' });
  });

  it('is refused with field, file and export', async () => {
    const refuses = (loss: object, words: RegExp): Promise<void> =>
      assert.rejects(resolve(loss), (error: unknown) => {
        assert.ok(error instanceof BudgetlineError, String(error));
        assert.deepEqual(
          [error.code, words.test(error.message)],
          ['DEFINITION_INVALID', true],
          error.message,
        );
        return true;
      });
    const file = folder.at('losses.ts');
    await refuses(
      { ...own, export: 'absent' },
      new RegExp(`^preference\\.loss: ${file} has no export "absent"`),
    );
    await refuses({ ...own, digest: 'a'.repeat(64) }, /^preference\.loss\.digest: no such option/);
    await assert.rejects(resolve({ ...own, module: './no.ts' }), { code: 'INPUT_MISSING' });
    await refuses({ ...own, export: 'unfinished' }, /is not a loss: it has no valid paper, equation/);
    await refuses({ ...own, export: 'untitled' }, /losses\.ts:\d+ fails: SyntaxError: /);
    await refuses({ ...own, gamma: 'wide' }, /^preference\.loss\.gamma: /);
    await refuses({ ...own, delta: 1 }, /^preference\.loss\.delta: no such option .*"margin" of/);
  });

  it('may be on an axis, whole or by option', async () => {
    const losses = {
      dpo: { 'preference.loss': { name: 'sigmoid', beta: 0.5 } },
      own: { 'preference.loss': own },
    };
    const whole = await tunedStages({ name: 'hinge', beta: 0.5 }, { axes: { loss: losses } });
    assert.deepEqual(
      whole.map(({ title, spec }) => [title, spec.code === undefined]),
      [
        ['DPO on 4 pairs', true],
        ['Margin DPO without a margin on 4 pairs', false],
      ],
    );
    const axes = { 'preference.loss.beta': [0.1, 0.2], 'preference.loss.gamma': [0, 1] };
    const options = await tunedStages(own, { axes });
    assert.deepEqual(
      options.map(({ spec }) => [spec.loss.beta, (spec.loss as Record<string, unknown>)['gamma']]),
      [
        [0.1, 0],
        [0.1, 1],
        [0.2, 0],
        [0.2, 1],
      ],
    );
  });

  it('takes part in the controls "dpo-nll" and "beta"', async () => {
    const controls = ['dpo-nll', 'beta'] as const;
    const plan = await planGrid(await resolve(own, { controls: [...controls], sftFractions: [0] }));
    const stages = plan.controls.certain.flatMap((control) => control.stages.filter(isTuning));
    assert.deepEqual(
      stages.map(({ spec, title }) => [spec.loss.beta, title]),
      [
        [0.5, 'Margin DPO without a margin with NLL on 8 pairs'],
        [0.25, 'Margin DPO without a margin on 8 pairs'],
        [1, 'Margin DPO without a margin on 8 pairs'],
      ],
    );
    assert.ok(stages.every(({ spec }) => spec.code?.loss !== undefined));
  });
});
