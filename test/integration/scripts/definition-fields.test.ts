import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../../core/failures';
import { defineSweep, type SweepInput } from '../../../definitions';
import { experimentDefinition, sweepDefinition } from '../../../schemas/definition';
import { branchesOf, jsonOf, type JsonSchema } from '../../../scripts/field-tables';
import { withDefinition } from '../../../scripts/definition-fields';
import { gradeSchoolMathDefaults, syntheticDefaults } from '../../../tasks';

const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'reference', 'definition.md'), 'utf8');

/** All fields of a schema, nested ones too. */
const fieldsIn = (schema: JsonSchema): string[] => [
  ...branchesOf(schema).flatMap(fieldsIn),
  ...(schema.items === undefined ? [] : fieldsIn(schema.items)),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [name, ...fieldsIn(field)]),
];

function refusedFields(input: object): unknown {
  try {
    defineSweep(input as SweepInput);
  } catch (error) {
    if (error instanceof BudgetlineError) return error.details['fields'];
    throw error;
  }
  return [];
}

describe('docs/reference/definition.md', function () {
  this.timeout(120_000);

  it('equals what schemas, tasks and defaults say', () => {
    assert.equal(page, withDefinition(page), 'write it again with: npx ts-node scripts/definition-fields.ts');
  });

  it('has a row for every field, and no row for another', () => {
    const [, tables = ''] = /<!-- fields: begin -->([\s\S]*)<!-- fields: end -->/.exec(page) ?? [];
    const documented = new Set([...tables.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name));
    // The split of a cell with a budget in US dollars is shown in the type of `spend`.
    const inline = ['usd', 'sftSpendFraction'];
    const expected = [sweepDefinition, experimentDefinition].flatMap((schema) => fieldsIn(jsonOf(schema)));
    assert.deepEqual(documented, new Set(expected.filter((name) => !inline.includes(name))));
  });

  it('says which fields the defaults leave open', () => {
    const open = ['name', 'budgets'];
    assert.deepEqual(refusedFields(syntheticDefaults('summarization')), open);
    assert.deepEqual(refusedFields(gradeSchoolMathDefaults), ['name', 'annotator', 'budgets']);
    const named = { ...gradeSchoolMathDefaults, name: 'x', annotator: 'clean', budgets: [16] };
    assert.deepEqual(refusedFields(named), ['sftFractions']);
    assert.deepEqual(refusedFields({ ...named, sftFractions: [0] }), []);
  });

  it('says that a spread replaces nested objects whole', () => {
    const complete = {
      ...gradeSchoolMathDefaults,
      name: 'fewer-items',
      annotator: 'clean',
      budgets: [128, 256],
      sftFractions: [1, 0.5, 0],
    };
    assert.deepEqual(refusedFields({ ...complete, evaluation: { items: 200 } }), ['evaluation.maxNewTokens']);
    const evaluation = { ...gradeSchoolMathDefaults.evaluation, items: 200 };
    assert.deepEqual(refusedFields({ ...complete, evaluation }), []);
  });
});
