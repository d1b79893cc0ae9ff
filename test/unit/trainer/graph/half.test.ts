import assert from 'node:assert/strict';
import { narrow } from '../../../../trainer/graph/half';
import { widenBfloat16, widenFloat16 } from '../../../../trainer/io/half';

const every = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

describe('16-bit floats', () => {
  const cases = { f16: widenFloat16, bf16: widenBfloat16 } as const;
  for (const [name, widen] of Object.entries(cases) as [keyof typeof cases, typeof widenFloat16][]) {
    const wide = new Float32Array(every.length);
    before(() => widen(every, wide));

    it(`${name}: every value survives widening and narrowing`, () => {
      const back = narrow(wide, name);
      const odd = every.filter((bits) => back[bits] !== bits && !Number.isNaN(wide[bits]));
      assert.deepEqual([...odd], []);
      assert.ok(every.every((bits) => Number.isNaN(wide[bits]) === Number.isNaN(wide[back[bits]!])));
    });

    it(`${name}: rounds to nearest, ties to even`, () => {
      const [one, two] = [narrow(Float32Array.of(1), name)[0]!, narrow(Float32Array.of(1), name)[0]! + 1];
      const step = wide[two]! - wide[one]!;
      const between = Float32Array.of(1 + step * 0.49, 1 + step * 0.5, 1 + step * 0.51, 1 + step * 1.5);
      assert.deepEqual([...narrow(between, name)], [one, one, two, two + 1]);
    });
  }

  it('f16: overflows to infinity and underflows to a signed zero', () => {
    assert.deepEqual(
      [...narrow(Float32Array.of(65520, -1e9, 2e-8, -2e-8), 'f16')],
      [0x7c00, 0xfc00, 0, 0x8000],
    );
  });
});
