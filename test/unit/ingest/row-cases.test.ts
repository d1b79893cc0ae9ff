import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { casesFolder, checkCase } from '../../support/cases/check-case';
import { rowCases } from '../../support/cases/row-cases';

describe('cases of rows', () => {
  for (const one of rowCases) {
    const { columnMapping, rowChecks, heldOut } = one;
    it(`${one.file} as ${one.kind}, ${JSON.stringify({ columnMapping, rowChecks, heldOut })}`, async () => {
      const { outcome, found } = await checkCase(one);
      assert.notEqual(outcome, 'wrong', found);
    });
  }

  it('name every file of the folder', () => {
    const named = new Set(rowCases.map(({ file }) => file));
    assert.deepEqual(
      readdirSync(casesFolder).filter((name) => !named.has(name)),
      [],
    );
  });

  it('are wrong where another text, refusal or unused column is found', async () => {
    const [file, kind] = ['a01-alpaca-input.jsonl', 'demonstrations'] as const;
    const right = rowCases.find((one) => one.file === file)!;
    for (const change of [{ rows: [] }, { refused: ['1 input'] }, { unused: { id: 3 } }])
      assert.equal((await checkCase({ ...right, ...change })).outcome, 'wrong');
    const refused = { file: 'a10-trl-language-modeling.jsonl', kind, refused: ['1 text'] };
    assert.equal((await checkCase(refused)).outcome, 'refused');
  });
});
