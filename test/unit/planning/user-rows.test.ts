import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  demonstrationRows,
  orderUserRows,
  pairPromptRows,
  sharedPrompts,
  type UserRowsPlace,
} from '../../../planning';

const text = (n: number): string => `prompt ${n}`;
const rowsOf = (numbers: readonly number[], inPool: boolean): UserRowsPlace[] =>
  numbers.map((n) => ({ text: text(n), poolRow: inPool ? n : undefined }));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('the order of user rows', () => {
  it('follows the pool’s permutation where prompts are its problems', () => {
    const rows = rowsOf(upTo(40), true);
    const front = orderUserRows(rows, { use: 'demonstrations', poolSeed: 7 }).map(({ poolRow }) => poolRow);
    const back = orderUserRows(rows, { use: 'preferences', poolSeed: 7 }).map(({ poolRow }) => poolRow);
    assert.deepEqual(front, demonstrationRows(40, 7, 40));
    assert.deepEqual(back, pairPromptRows(40, 7));
  });

  it('is disjoint while both uses fit, whatever the order of prompts, and keeps rows of a prompt together', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(upTo(60), { minLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (numbers, share, inPool) => {
          const count = Math.floor(share * numbers.length);
          const twice = numbers.flatMap((n) => [n, n]);
          const sft = orderUserRows(rowsOf(twice, inPool), { use: 'demonstrations', poolSeed: 1 });
          const pairs = orderUserRows(rowsOf(numbers.toReversed(), inPool), {
            use: 'preferences',
            poolSeed: 1,
          });
          const [some, others] = [sft.slice(0, 2 * count), pairs.slice(0, numbers.length - count)];
          assert.equal(sharedPrompts(some, others), 0);
          sft.forEach((row, at) => {
            if (at % 2 === 1) assert.equal(row.text, sft[at - 1]?.text);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does not change when the file grows', () => {
    const options = { use: 'preferences', poolSeed: 3 } as const;
    const small = orderUserRows(rowsOf(upTo(20), false), options).map((row) => row.text);
    const large = orderUserRows(rowsOf(upTo(50), false), options).map((row) => row.text);
    assert.deepEqual(
      large.filter((each) => small.includes(each)),
      small,
    );
    assert.notDeepEqual(
      small,
      orderUserRows(rowsOf(upTo(20), false), { ...options, poolSeed: 4 }).map((row) => row.text),
    );
  });
});
