import assert from 'node:assert/strict';
import { BudgetlineError } from '../../../core/failures';
import { pairDefaults } from '../../../core/pair-settings';
import { defineExperiment, defineSweep, type SweepInput } from '../../../definitions';
import { pairSpec } from '../../../schemas/definition';
import { gradeSchoolMathDefaults, syntheticDefaults } from '../../../tasks';

const shared = { ...gradeSchoolMathDefaults, name: 'a-sweep', annotator: 'clean' };
const sweep: SweepInput = { ...shared, budgets: [64], sftFractions: [1, 0] };

function reasons(changes: object): string[] {
  try {
    // What a user's untyped file may hold.
    defineSweep({ ...sweep, ...changes });
  } catch (error) {
    assert.ok(error instanceof BudgetlineError);
    assert.equal(error.code, 'DEFINITION_INVALID');
    return error.message.split('\n');
  }
  return [];
}

describe('definitions', () => {
  it('fill in their defaults', () => {
    const definition = defineSweep(sweep);
    assert.deepEqual(
      [definition.seeds, definition.equivalenceMargin, definition.controls],
      [[0], 0.02, ['warm-start', 'sft-on-chosen']],
    );
    assert.equal(definition.sft.lora?.targetModules.length, 7);
    assert.equal(defineExperiment({ ...shared, budget: 64, sftFraction: 0.5 }).execution.threads, 1);
  });

  it('have no control by default with a pipeline of their own', () => {
    const pipeline = { module: './own.ts', export: 'pipeline' };
    assert.deepEqual(defineSweep({ ...sweep, pipeline }).controls, []);
    assert.deepEqual(defineSweep({ ...sweep, pipeline, controls: ['beta'] }).controls, ['beta']);
    assert.deepEqual(defineSweep(sweep).controls, ['warm-start', 'sft-on-chosen']);
  });

  it('report each invalid field with the reason', () => {
    assert.deepEqual(reasons({ sftFractions: [1, 0, 1.2] }), [
      'sftFractions[2]: 1.2 is above 1; a fraction is between 0 and 1',
    ]);
    for (const [wrong, right] of [
      ['sft_fractions', 'sftFractions'],
      ['seed', 'seeds'],
      ['Budget', 'budgets'],
    ])
      assert.deepEqual(reasons({ [wrong!]: 1 }), [`${wrong}: no such field; did you mean ${right}?`]);
    assert.deepEqual(reasons({ budgets: [NaN, 10n] }), [
      'budgets[0]: NaN: a number is needed',
      'budgets[1]: 10: a number is needed',
    ]);
    assert.throws(() => defineSweep(null as never), { code: 'DEFINITION_INVALID' });
    assert.match(reasons({ colour: 1 }).join('\n'), /^colour: no such field; there are name, task, data, /);
    assert.match(
      reasons({ sft: { ...gradeSchoolMathDefaults.sft, momentum: 1 } }).join('\n'),
      /^sft\.momentum: no such field; there are epochs, batchSize, learningRate, /,
    );
    assert.deepEqual(reasons({ budgets: [64, 0] }), ['budgets[1]: 0 is not above 0']);
    assert.deepEqual(reasons({ annotator: undefined }), ['annotator: is missing']);
    assert.deepEqual(reasons({ budgets: [64, 64] }), ['budgets: [64,64]: each budget once']);
    const twice = reasons({ controls: ['beta', 'beta'] });
    assert.deepEqual(twice, ['controls: ["beta","beta"]: each control once']);
    assert.match(reasons({ name: 'No Spaces' })[0] ?? '', /^name: "No Spaces": lower-case letters/);
    assert.deepEqual(reasons({ search: { method: 'random' } }), [
      'search.method: "random": one of "grid", "adaptive", "proxy"',
    ]);
    assert.deepEqual(reasons({ seeds: [1.5] }), ['seeds[0]: 1.5: a whole number is needed']);
    assert.equal(reasons({ budgets: 'x', sftFractions: [2], foo: 1 }).length, 3);
  });

  it('refuse settings of pairs that have no effect, by name', () => {
    const { pairs } = gradeSchoolMathDefaults;
    const pairsOf = (change: object): string[] => reasons({ pairs: { ...pairs, ...change } });
    const unused = 'has no effect with pairs.annotator, whose labels decide';
    assert.deepEqual(pairsOf({ annotator: 'people', chosen: 'gold', threshold: 0.9, minMargin: 0.5 }), [
      `pairs.chosen: "gold": ${unused}`,
      `pairs.threshold: 0.9: ${unused}`,
      `pairs.minMargin: 0.5: ${unused}`,
    ]);
    assert.deepEqual(pairsOf({ annotator: 'people', candidates: 1 }), [
      'pairs.candidates: 1: pairs.annotator compares two samples of a prompt',
    ]);
    assert.deepEqual(pairsOf({ labels: 3 }), ['pairs.labels: 3: has no effect without pairs.annotator']);
    assert.deepEqual(pairsOf({ annotator: 'people', labels: 3, threshold: 0.5 }), []);
    assert.match(reasons({ axes: { 'pairs.labels': [2, 3] } }).join(), /pairs\.labels: 3: has no effect/);
    assert.deepEqual(pairsOf({ rejected: 'worst' }), [
      'pairs.rejected: no such field; there are ' + [...Object.keys(pairSpec.shape)].join(', '),
    ]);
  });

  it('refuse settings of sampled pairs where the pairs come from a file, and no defaults', () => {
    const { pairs } = gradeSchoolMathDefaults;
    const preferences = { file: 'pairs.jsonl', source: 'us', license: 'MIT' };
    const all = { annotator: 'nobody', labels: 3, chosen: 'gold', minMargin: 0.5, threshold: 0.9 };
    const reason =
      'has no effect with annotations.preferences, whose file has the pairs; leave it out, or annotations.preferences';
    const refused = (change: object, more: object = {}): string[] =>
      reasons({ annotations: { preferences }, pairs: { ...pairs, ...change }, ...more })
        .filter((line) => line.includes('annotations.preferences'))
        .map((line) => {
          assert.ok(line.endsWith(`: ${reason}`), line);
          return line.split(':')[0]!;
        });
    for (const [field, value] of Object.entries(all)) {
      const alone = field === 'labels' ? { labels: value, annotator: 'nobody' } : { [field]: value };
      const fields = Object.keys(alone).map((name) => `pairs.${name}`);
      assert.deepEqual(refused(alone).sort(), fields.sort(), field);
    }
    assert.deepEqual(refused({ ...pairDefaults, candidates: 8, temperature: 0.7 }), []);
    assert.deepEqual(reasons({ annotations: { preferences } }), []);
    assert.deepEqual(reasons({ ...syntheticDefaults('helpfulness'), annotations: { preferences } }), []);
    const samples = { controls: ['rejection-sampling'] };
    assert.deepEqual(refused({ threshold: 0.9, minMargin: 0.5 }, samples), ['pairs.minMargin'], 'used there');
    assert.deepEqual(refused({}, { axes: { 'pairs.annotator': ['nobody'] } }), [
      'axes["pairs.annotator"], nobody',
    ]);
    const one = { ...shared, budget: 8, sftFraction: 0.5, annotations: { preferences } };
    assert.throws(() => defineExperiment({ ...one, pairs: { ...pairs, minMargin: 0.5 } }), {
      message: `pairs.minMargin: 0.5: ${reason}`,
    });
  });

  it('accept only names that can name a file on every system', () => {
    const { evaluation } = gradeSchoolMathDefaults;
    const one = { task: 'instruction-following', items: 5, maxNewTokens: 8 };
    const auxiliaryNamed = (...names: string[]): object => ({
      evaluation: { ...evaluation, auxiliary: names.map((name) => ({ ...one, name })) },
    });
    for (const name of ['plain chat', '', '.hidden', '_x', 'a/b', 'chät', 'a\nb', 'x'.repeat(201)]) {
      const invalid = [
        ...[{ task: name }, { annotator: name }, auxiliaryNamed(name)],
        ...[{ evaluation: { ...evaluation, judge: name } }],
        ...[{ evaluation: { ...evaluation, auxiliary: [{ ...one, judge: name }] } }],
      ];
      for (const changes of invalid) assert.match(reasons(changes).join('\n'), /: a name of letters/, name);
    }
    assert.match(reasons(auxiliaryNamed('v1.5')).join(), /a name without dots is needed/);
    assert.match(reasons(auxiliaryNamed('Chat', 'chat')).join(), /the name is taken/);
    assert.deepEqual(reasons(auxiliaryNamed('plain-chat', 'constructor')), []);
  });

  it('name the right place of a misplaced field, and the fields of an object', () => {
    const { preference } = gradeSchoolMathDefaults;
    const lossOf = (loss: unknown): string[] => reasons({ preference: { ...preference, loss } });
    assert.deepEqual(reasons({ preference: { ...preference, beta: 1 } }), [
      'preference.beta: no such field; there is preference.loss.beta',
    ]);
    assert.deepEqual(lossOf({ name: 'sigmoid', beta: 1, gamma: 1 }), [
      'preference.loss.gamma: no such field here; another kind of preference.loss has it',
    ]);
    assert.match(
      lossOf('simpo')[0] ?? '',
      /^preference\.loss: "simpo": an object is needed with name, beta, /,
    );
    assert.match(lossOf({ beta: 1 })[0] ?? '', /^preference\.loss\.name: is missing; one of "sigmoid"/);
    assert.match(
      reasons({ axes: { annotator: 'clean' } })[0] ?? '',
      /: a list of values, such as \[8, 16\], or/,
    );
  });

  it('refuse an axis of the path of a module alone', () => {
    const module = './a.ts';
    for (const [axis, field] of [
      [{ 'pipeline.module': [module] }, 'pipeline.module'],
      [{ 'family.module': [module] }, 'family.module'],
      [{ loss: { a: { 'preference.loss.module': module } } }, 'preference.loss.module'],
    ] as const)
      assert.deepEqual(reasons({ axes: axis }), [
        `axes["${Object.keys(axis)[0]}"]: ${field} cannot vary on its own.`,
      ]);
    const whole = { pipeline: { module, export: 'a' } };
    assert.deepEqual(reasons({ axes: { pipeline: { a: whole } } }), []);
  });

  it('bring an auxiliary task into canonical form and report its invalid fields', () => {
    const { evaluation } = gradeSchoolMathDefaults;
    const withAuxiliary = (...auxiliary: object[]): object => ({ evaluation: { ...evaluation, auxiliary } });
    const auxiliaryOf = (...inputs: object[]): unknown =>
      defineSweep({ ...sweep, ...withAuxiliary(...inputs) }).evaluation.auxiliary;
    const one = { task: 'instruction-following', items: 5, maxNewTokens: 8 };
    const equal = [one, { ...one, data: { source: 'synthetic' } }, { ...one, seed: 0 }];
    for (const input of equal) assert.deepEqual(auxiliaryOf(input), [{ ...one, seed: 0 }]);
    const file = { ...one, name: 'ifeval', data: { source: 'files', test: 'input_data.jsonl' } };
    assert.deepEqual(auxiliaryOf(one, file), [{ ...one, seed: 0 }, file]);
    assert.deepEqual(defineSweep(defineSweep({ ...sweep, ...withAuxiliary(file) })).evaluation.auxiliary, [
      file,
    ]);

    assert.deepEqual(reasons(withAuxiliary(one, one)), [
      'evaluation.auxiliary[1].task: "instruction-following": the name is taken; set another by the field name',
    ]);
    assert.match(
      reasons(withAuxiliary({ ...one, name: '../up' }))[0] ?? '',
      /^evaluation\.auxiliary\[0\]\.name: "\.\.\/up": a name of letters/,
    );
    assert.match(
      reasons(withAuxiliary({ ...file, seed: 1 }))[0] ?? '',
      /auxiliary\[0\]\.seed: 1: leave seed out/,
    );
    assert.deepEqual(reasons(withAuxiliary({ ...file, data: { ...file.data, train: 'a' } })), [
      'evaluation.auxiliary[0].data.train: no such field; here there are source, seed, test',
    ]);
    assert.deepEqual(reasons(withAuxiliary({ ...one, data: 'input_data.jsonl' })), [
      'evaluation.auxiliary[0].data: "input_data.jsonl": an object is needed with source, seed, test',
    ]);
  });
});
