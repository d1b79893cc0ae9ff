import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidRules } from '../../../losses/define';
import { describeLoss, lossFacts } from '../../../losses/facts';
import { rulesOf } from '../../../losses/registry';
import { parseUserLoss } from '../../../schemas/losses';
import { margin, unfinished } from '../../support/toys/losses';
import { temporaryFolder } from '../../support/temporary';
import { loadLoss } from '../../../trainer/jobs/loss';

const own = { module: './losses.ts', export: 'margin', beta: 0.5 };
const place = { path: '/here/losses.ts', export: 'margin' };
const parse = (options: object) => parseUserLoss(margin, place, { beta: 0.5, ...options });

const toys = join(__dirname, '..', '..', 'support', 'toys', 'losses');

describe('a user’s preference loss', () => {
  const folder = temporaryFolder();

  it('has its options checked by its own fields', () => {
    assert.deepEqual(parse({}).options, { beta: 0.5, gamma: 0 });
    assert.deepEqual(parse({ gamma: 1, sftWeight: 2 }).options, { beta: 0.5, gamma: 1, sftWeight: 2 });
    const refused = (options: object, words: RegExp): void =>
      assert.throws(() => parse(options), { code: 'DEFINITION_INVALID', message: words });
    refused({ gamma: -1 }, /^preference\.loss\.gamma: .*export "margin" of \/here\/losses\.ts/);
    refused({ delta: 1 }, /^preference\.loss\.delta: no such option/);
    refused({ digest: 'a'.repeat(64) }, /^preference\.loss\.digest: no such option/);
  });

  it('is refused without a rule, by name', () => {
    assert.deepEqual(invalidRules({ ...margin, rows: 'pair', needs: null, value: 1 }), [
      'rows',
      'needs',
      'value',
    ]);
    assert.deepEqual(invalidRules({ ...margin, reward: { equation: 'r' }, needs: {} }), ['needs', 'reward']);
    const missing = invalidRules(unfinished);
    assert.ok(missing.includes('value') && missing.includes('atReference') && !missing.includes('name'));
    assert.ok(invalidRules({ ...unfinished, rows: 'unpaired' }).includes('weight'));
    assert.throws(() => parseUserLoss(unfinished, place, { beta: 0.5 }), {
      code: 'DEFINITION_INVALID',
      message: /the export "margin" of \/here\/losses\.ts is not a loss: it has no valid paper, /,
    });
  });

  it('may be an instance of a class, whose rules are its methods', async () => {
    writeFileSync(
      folder.at('method.ts'),
      `import { margin } from '${toys}';
      class Scaled {
        factor = 2;
        value(...values: [never, never, never]) { return [this.factor, margin.value(...values)]; }
      }
      export const scaled = Object.assign(new Scaled(), { ...margin, value: undefined }, {});
      delete (scaled as { value?: unknown }).value;`,
    );
    const loss = { module: folder.at('method.ts'), export: 'scaled', beta: 0.5, digest: 'a'.repeat(64) };
    const bound = await loadLoss(loss);
    const tensor = { shape: [1] };
    const ops = { mul: () => tensor, neg: () => tensor, scalar: () => tensor, softplus: () => tensor };
    const terms = { chosen: { logRatio: tensor }, rejected: { logRatio: tensor } };
    const value = bound.value({ ...ops, sub: () => tensor } as never, terms as never) as unknown;
    assert.deepEqual(value, [2, tensor]);
  });

  it('has no option with a name that its job needs', () => {
    const taken = { ...margin, fields: (z: never) => ({ ...margin.fields(z), digest: undefined }) };
    assert.throws(() => parseUserLoss(taken, place, { beta: 0.5 }), {
      code: 'DEFINITION_INVALID',
      message: /names of the job's own: digest/,
    });
  });

  it('has facts of the same form as a built-in loss', () => {
    const { rules, options } = parse({ gamma: 0 });
    const facts = describeLoss(rules, options);
    const dpo = describeLoss(rulesOf('sigmoid'), { beta: 0.5 });
    assert.deepEqual({ ...facts, title: 'DPO' }, dpo);
    const withSft = lossFacts({ ...own, sftWeight: 1 }, facts);
    assert.deepEqual(
      [withSft.title, withSft.lossAtReference],
      ['Margin DPO without a margin with NLL', null],
    );
    assert.throws(() => lossFacts(own, undefined), /not resolved/);
  });
});
