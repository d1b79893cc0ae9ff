import assert from 'node:assert/strict';
import { defineSweep } from '../../../definitions';
import { checkRows, findLong } from '../../../definitions/lengths';
import { embeddedModelPath } from '../../../host/package-files';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { encodeExample, fitExample } from '../../../trainer/data/encode';
import { readModelConfig } from '../../../trainer/io/model-config';
import { openTokenizer, type Tokenizer } from '../../../trainer/io/tokenizer';
import { type LengthCase, lengthCase } from '../../support/cases/long-rows';
import { temporaryFolder } from '../../support/temporary';

const path = '/data/own.jsonl';

const definitionOf = ({ maxLength, onOverlength }: Pick<LengthCase, 'maxLength' | 'onOverlength'>) => {
  const limits = { maxLength, onOverlength };
  return defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'lengths',
    annotator: 'clean',
    budgets: [8],
    sftFractions: [1],
    sft: { ...gradeSchoolMathDefaults.sft, ...limits },
    preference: { ...gradeSchoolMathDefaults.preference, ...limits },
  });
};

/** Lines of the rows that the trainer finds too long. */
function linesOf({ rows, maxLength }: LengthCase, tokenizer: Tokenizer): number[] {
  const policy = { maxLength, onOverlength: 'drop', beginOfSequence: null } as const;
  return rows.flatMap(({ id: _, prompt, ...row }, at) => {
    const answers: Record<string, string> = 'chosen' in row ? { ...row } : { completion: row.completion };
    const example = encodeExample(tokenizer, { prompt, answers }, { path, line: at + 1 });
    return fitExample(example, policy, { path, line: at + 1 }) === null ? [at + 1] : [];
  });
}

describe('rows that are too long', () => {
  it('are those that the trainer drops or cuts, in 24 files', async () => {
    const tokenizer = await openTokenizer(embeddedModelPath, readModelConfig(embeddedModelPath));
    let total = 0;
    for (let seed = 0; seed < 24; seed += 1) {
      const one = lengthCase(seed);
      const use = seed % 3 === 1 ? 'demonstrations' : 'preferences';
      const check = checkRows(definitionOf(one), { use, path, rows: one.rows });
      const { long, warnings } = await findLong([check], embeddedModelPath);
      const expected = linesOf(one, tokenizer);
      total += expected.length;
      assert.equal(long[0]?.count ?? 0, expected.length, `seed ${seed}`);
      assert.equal(warnings.length, expected.length === 0 ? 0 : 1);
      assert.deepEqual(
        long[0]?.places ?? [],
        expected.slice(0, 20).map((line) => `${path}:${line}`),
        `seed ${seed}`,
      );
    }
    assert.ok(total > 100, `${total} rows are too long`);
  });

  it('are described by file, lines, limit and what training does', async () => {
    const long = 'one two three four five six seven';
    const rows = [long, 'short', long].map((prompt, at) => ({
      id: `own.jsonl-${at + 1}`,
      prompt,
      completion: 'x',
    }));
    const describe = async (onOverlength: LengthCase['onOverlength']) => {
      const check = checkRows(definitionOf({ maxLength: 9, onOverlength }), {
        use: 'demonstrations',
        path,
        rows,
      });
      return (await findLong([check], embeddedModelPath)).warnings;
    };
    const [dropped] = await describe('drop');
    assert.match(
      dropped!,
      /^2 of 3 rows have more than 9 tokens \(sft\.maxLength\), at most \d+; training drops them \(sft\.onOverlength "drop"\): \/data\/own\.jsonl:1 and 3\.$/,
    );
    assert.match((await describe('truncate'))[0]!, /training cuts them/);
    assert.match((await describe('error'))[0]!, /training stops at them/);
  });

  it('are not counted where the tokenizer cannot be read, with a warning', async () => {
    const rows = [{ id: 'own.jsonl-1', prompt: 'long text', completion: 'x' }];
    const check = checkRows(definitionOf({ maxLength: 2, onOverlength: 'drop' }), {
      use: 'demonstrations',
      path,
      rows,
    });
    const { long, warnings } = await findLong([check], temporary.path());
    assert.deepEqual(long, []);
    assert.match(warnings.join(), /^Lengths in tokens were not checked: /);
  });
  const temporary = temporaryFolder();
});
