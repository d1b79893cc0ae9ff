import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ExternalPlace, LowerOptions } from '../graph';
import { attempt } from '../io/files';

type Data = Parameters<NonNullable<LowerOptions['place']>>[0];

const fileName = 'constants.bin';
/** What a memory map can begin at. */
const alignment = 4096;

/** Frozen weights in a file beside the graphs that share them: a graph itself may have two gibibytes at most. */
export interface ConstantsFile {
  readonly folder: string;
  /** Where an array's bytes lie; they are written when it is first asked for. */
  place(data: Data): ExternalPlace;
  /** Takes the file away. */
  remove(): void;
}

function writeAll(descriptor: number, data: Data, offset: number): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
}

/** Begins the file in a folder, anew where there is one: what it held can be made again. */
export function createConstantsFile(folder: string): ConstantsFile {
  const path = join(folder, fileName);
  const descriptor = attempt(path, 'write', () => {
    mkdirSync(folder, { recursive: true });
    return openSync(path, 'w');
  });
  const places = new WeakMap<Data, ExternalPlace>();
  let end = 0;
  return {
    folder,
    place(data) {
      const known = places.get(data);
      if (known !== undefined) return known;
      const place = { location: fileName, offset: end, length: data.byteLength };
      attempt(path, 'write', () => writeAll(descriptor, data, place.offset));
      places.set(data, place);
      end = Math.ceil((end + data.byteLength) / alignment) * alignment;
      return place;
    },
    remove() {
      closeSync(descriptor);
      rmSync(path, { force: true });
    },
  };
}
