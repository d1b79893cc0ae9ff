import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createExternalDataFile } from '../../../../trainer/engine/external-data';
import type { ExternalData } from '../../../../trainer/graph';
import { narrow } from '../../../../trainer/graph/half';
import { temporaryFolder } from '../../../support/temporary';

/** More elements than are written at once, and not a multiple of that number. */
const weights = Float32Array.from({ length: 3_000_001 }, (_, at) => Math.sin(at) / 7);
const words = BigInt64Array.of(1n, -2n, 3n);

const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }): Buffer => Buffer.from(buffer);

describe('external data', () => {
  const folder = temporaryFolder();

  it('stores each array once for each element type', () => {
    const file = createExternalDataFile(folder.at('file'));
    const contents = [
      [{ dtype: 'f16', data: weights }, bytesOf(narrow(weights, 'f16'))],
      [{ dtype: 'f32', data: weights }, bytesOf(weights)],
      [{ dtype: 'i64', data: words }, bytesOf(words)],
      [{ dtype: 'bf16', data: weights }, bytesOf(narrow(weights, 'bf16'))],
    ] as const;
    const ranges = contents.map(([content]) => file.store(content));
    assert.deepEqual(
      contents.map(([content]) => file.store(content)),
      ranges,
      'stored again',
    );
    const written = readFileSync(folder.at('file', 'weights.bin'));
    const found = ({ offset, length }: ExternalData): Buffer => written.subarray(offset, offset + length);
    for (const [index, [{ dtype }, bytes]] of contents.entries())
      assert.ok(found(ranges[index]!).equals(bytes), dtype);
    const last = ranges.at(-1)!;
    assert.equal(written.length, last.offset + last.length, 'the file has no other bytes');
    file.remove();
    assert.ok(!existsSync(folder.at('file', 'weights.bin')));
  });

  it('overwrites an existing file', () => {
    const first = createExternalDataFile(folder.at('overwritten'));
    first.store({ dtype: 'f32', data: weights });
    const second = createExternalDataFile(folder.at('overwritten'));
    second.store({ dtype: 'i64', data: words });
    assert.equal(statSync(folder.at('overwritten', 'weights.bin')).size, 24);
    for (const file of [first, second]) file.remove();
  });
});
