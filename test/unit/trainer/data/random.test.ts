import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  drawFloats,
  drawUniform,
  permute,
  philox,
  sampleUniforms,
  streams,
} from '../../../../trainer/data/random';

const hex = (words: readonly number[]): string =>
  words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('counter-based random numbers', () => {
  it('equal the known answers of Random123 (philox4x32, 10 rounds)', () => {
    assert.equal(hex(philox([0, 0, 0, 0], [0, 0])), '6627e8d5 e169c58d bc57ac4c 9b00dbd8');
    const ones = 0xffffffff;
    assert.equal(hex(philox([ones, ones, ones, ones], [ones, ones])), '408f276d 41c83b0e a20bc7c6 6d5451fd');
    assert.equal(
      hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])),
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    );
  });

  it('are draws from [0, 1) that look uniform', () => {
    const id = { seed: 3, purpose: streams.sample, words: [1, 2, 3] } as const;
    const draws = drawFloats(id, 100_000);
    const counts = new Array<number>(10).fill(0);
    for (const draw of draws) {
      assert.ok(draw >= 0 && draw < 1);
      counts[Math.floor(draw * 10)]! += 1;
    }
    // Standard deviation of a count is 95: six of them.
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 570, String(counts));
  });

  it('begin with the same numbers, whatever the count', () => {
    fc.assert(
      fc.property(fc.nat(70), fc.nat(70), fc.string(), (a, b, id) => {
        const of = { seed: 5, id, sample: 1 };
        const [short, long] = [sampleUniforms(of, Math.min(a, b)), sampleUniforms(of, Math.max(a, b))];
        assert.deepEqual(long.subarray(0, short.length), short);
      }),
    );
  });

  it('differ by seed, id, sample and purpose', () => {
    const draws = [
      sampleUniforms({ seed: 1, id: 'a', sample: 0 }, 4),
      sampleUniforms({ seed: 2 ** 40 + 1, id: 'a', sample: 0 }, 4),
      sampleUniforms({ seed: 1, id: 'b', sample: 0 }, 4),
      sampleUniforms({ seed: 1, id: 'a', sample: 1 }, 4),
    ].map((values) => values.join());
    assert.equal(new Set(draws).size, draws.length);
    const words = [0, 0, 0] as const;
    assert.notEqual(
      drawUniform({ seed: 1, purpose: streams.shuffle, words }, 0),
      drawUniform({ seed: 1, purpose: streams.sample, words }, 0),
    );
  });

  it('permute: every index once, in another order in each epoch', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(2 ** 40), (count, seed) => {
        const order = permute(count, { seed, epoch: 0 });
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          [...Array(count).keys()],
        );
        assert.deepEqual(permute(count, { seed, epoch: 0 }), order);
      }),
    );
    assert.notDeepEqual(permute(50, { seed: 1, epoch: 0 }), permute(50, { seed: 1, epoch: 1 }));
  });

  it('permute uniformly: each index is first equally often', () => {
    const counts = new Array<number>(5).fill(0);
    for (let seed = 0; seed < 5000; seed += 1) counts[permute(5, { seed, epoch: 0 })[0]!]! += 1;
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 170, String(counts));
  });
});
