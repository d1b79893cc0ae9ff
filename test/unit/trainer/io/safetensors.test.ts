import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Tensor } from '../../../../trainer/tensor';
import { encodeSafetensors, readSafetensors, safetensorsLimits } from '../../../../trainer/io/safetensors';
import { temporaryFolder } from '../../../support/temporary';

function join(pieces: Iterable<Uint8Array>): Buffer {
  return Buffer.concat([...pieces]);
}

/** A file with this header and a number of zero bytes as data. */
function fileOf(header: unknown, dataBytes: number, claimed?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([prefix, text, Buffer.alloc(dataBytes)]);
}

const entry = (dtype: string, shape: unknown, ...data_offsets: number[]) => ({ dtype, shape, data_offsets });

describe('safetensors', () => {
  const folder = temporaryFolder();

  it('reads back every tensor, whatever their order', () => {
    const tensors = fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
      fc.array(fc.float({ noNaN: true }), { maxLength: 40 }),
    );
    fc.assert(
      fc.property(tensors, (values) => {
        const map = new Map<string, Tensor>(
          Object.entries(values).map(([name, data]) => [
            name,
            { dims: [data.length], data: Float32Array.from(data) },
          ]),
        );
        const bytes = join(encodeSafetensors(map));
        assert.deepEqual(join(encodeSafetensors(new Map([...map].reverse()))), bytes);
        const path = folder.at('a.safetensors');
        writeFileSync(path, bytes);
        const read = readSafetensors(path);
        assert.deepEqual([...read.tensors.keys()].sort(), [...map.keys()].sort());
        for (const [name, tensor] of map) assert.deepEqual(read.tensors.get(name), tensor);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses an unknown dtype, also one that is a property of every object', () => {
    const path = folder.at('type.safetensors');
    for (const dtype of ['I64', 'toString', 'constructor', '__proto__']) {
      writeFileSync(path, fileOf({ a: entry(dtype, [1], 0, 4) }, 4));
      assert.throws(
        () => readSafetensors(path),
        new RegExp(`has dtype ${dtype}; F32, F16 and BF16 are supported`),
      );
    }
  });

  it('widens half precision and bfloat16 exactly', () => {
    const halves = Buffer.alloc(12);
    // 1, −2, smallest subnormal, largest, infinity, −0
    for (const [index, bits] of [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000].entries())
      halves.writeUInt16LE(bits, index * 2);
    const brains = Buffer.alloc(4);
    for (const [index, bits] of [0x3f80, 0xc049].entries()) brains.writeUInt16LE(bits, index * 2);
    const header = { h: entry('F16', [6], 0, 12), b: entry('BF16', [2], 12, 16) };
    const path = folder.at('half.safetensors');
    writeFileSync(path, Buffer.concat([fileOf(header, 0), halves, brains]));
    const { tensors } = readSafetensors(path);
    assert.deepEqual([...tensors.get('h')!.data], [1, -2, 2 ** -24, 65504, Infinity, -0]);
    assert.deepEqual([...tensors.get('b')!.data], [1, -3.140625]);
  });

  const hostile: Record<string, Buffer> = {
    'an empty file': Buffer.alloc(0),
    'a header longer than the file': fileOf({}, 0, 1000n),
    'a header of 2^63 bytes': fileOf({}, 0, 2n ** 63n),
    'a header that is not JSON': fileOf('{"a":', 0),
    'a header that is a list': fileOf('[]', 0),
    'offsets after the end of the file': fileOf({ a: entry('F32', [4], 0, 16) }, 8),
    'offsets that run backwards': fileOf({ a: entry('F32', [1], 4, 0) }, 4),
    'overlapping tensors': fileOf({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 0, 4) }, 4),
    'a gap between tensors': fileOf({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, 12),
    'bytes that nobody owns': fileOf({ a: entry('F32', [1], 0, 4) }, 8),
    'a shape that does not fit its bytes': fileOf({ a: entry('F32', [3], 0, 4) }, 4),
    'a negative size': fileOf({ a: entry('F32', [-1], 0, 4) }, 4),
    'a product that overflows': fileOf({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 4) }, 4),
    'more dimensions than any weight has': fileOf({ a: entry('F32', Array(9).fill(1), 0, 4) }, 4),
    'a type that is not read': fileOf({ a: entry('I64', [1], 0, 8) }, 8),
    'metadata that is not a map of strings': fileOf({ __metadata__: { a: 1 } }, 0),
  };
  for (const [what, bytes] of Object.entries(hostile))
    it(`refuses ${what}`, () => {
      const path = folder.at('hostile.safetensors');
      writeFileSync(path, bytes);
      assert.throws(() => readSafetensors(path), { code: 'CONFIG_INVALID' });
    });

  it('does not allocate what a header claims', () => {
    const path = folder.at('claims.safetensors');
    writeFileSync(path, fileOf({}, 0, BigInt(safetensorsLimits.headerBytes)));
    assert.throws(() => readSafetensors(path), { code: 'CONFIG_INVALID' });
  });

  it('reports a missing file as INPUT_MISSING', () => {
    assert.throws(() => readSafetensors(folder.at('none.safetensors')), { code: 'INPUT_MISSING' });
  });
});
