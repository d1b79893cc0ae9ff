import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createConstantsFile } from '../../../trainer/engine/constants-file';
import type { ExternalPlace } from '../../../trainer/graph';
import { narrow } from '../../../trainer/graph/half';
import { temporaryFolder } from '../../support/temporary';

/** More than is written at once, and no multiple of it. */
const weights = Float32Array.from({ length: 3_000_001 }, (_, at) => Math.sin(at) / 7);
const words = BigInt64Array.of(1n, -2n, 3n);

const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }): Buffer => Buffer.from(buffer);

describe('pure: a file of frozen weights', () => {
  const folder = temporaryFolder();

  it('has each array once in each width, as if it had been written whole', () => {
    const file = createConstantsFile(folder.at('held'));
    const contents = [
      [{ dtype: 'f16', data: weights }, bytesOf(narrow(weights, 'f16'))],
      [{ dtype: 'f32', data: weights }, bytesOf(weights)],
      [{ dtype: 'i64', data: words }, bytesOf(words)],
      [{ dtype: 'bf16', data: weights }, bytesOf(narrow(weights, 'bf16'))],
    ] as const;
    const places = contents.map(([content]) => file.place(content));
    assert.deepEqual(
      contents.map(([content]) => file.place(content)),
      places,
      'asked for again',
    );
    const held = readFileSync(folder.at('held', 'constants.bin'));
    const found = ({ offset, length }: ExternalPlace): Buffer => held.subarray(offset, offset + length);
    for (const [index, [{ dtype }, bytes]] of contents.entries())
      assert.ok(found(places[index]!).equals(bytes), dtype);
    const last = places.at(-1)!;
    assert.equal(held.length, last.offset + last.length, 'nothing else is in it');
    file.remove();
    assert.ok(!existsSync(folder.at('held', 'constants.bin')));
  });

  it('is begun anew', () => {
    const first = createConstantsFile(folder.at('anew'));
    first.place({ dtype: 'f32', data: weights });
    const second = createConstantsFile(folder.at('anew'));
    second.place({ dtype: 'i64', data: words });
    assert.equal(statSync(folder.at('anew', 'constants.bin')).size, 24);
    for (const file of [first, second]) file.remove();
  });
});
