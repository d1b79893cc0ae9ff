import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writtenBytes, writtenLength, type ExternalPlace, type TensorContent } from '../graph';
import { attempt, writeAll } from '../io/files';

type Data = TensorContent['data'];

const fileName = 'constants.bin';
/** What a memory map can begin at. */
const alignment = 4096;
/** Elements written at a time, so that what is narrowed for it takes two mebibytes and not as much as the model. */
const writtenAtOnce = 1 << 20;

/** Frozen weights in a file beside the graphs that share them: a graph itself may have two gibibytes at most. */
export interface ConstantsFile {
  readonly folder: string;
  /** Where an array's bytes lie; they are written when it is first asked for in a type. */
  place(content: TensorContent): ExternalPlace;
  /** Takes the file away. */
  remove(): void;
}

function writeContent(descriptor: number, { dtype, data }: TensorContent, offset: number): void {
  let end = offset;
  for (let at = 0; at < data.length; at += writtenAtOnce) {
    const bytes = writtenBytes({ dtype, data: data.subarray(at, at + writtenAtOnce) });
    writeAll(descriptor, bytes, end);
    end += bytes.length;
  }
}

/** A file in a folder, begun with its first array, anew where there is one: what it held can be made again. */
export function createConstantsFile(folder: string): ConstantsFile {
  const path = join(folder, fileName);
  let descriptor: number | null = null;
  const open = (): number => {
    mkdirSync(folder, { recursive: true });
    return openSync(path, 'w');
  };
  const places = new WeakMap<Data, Map<TensorContent['dtype'], ExternalPlace>>();
  let end = 0;
  const append = (content: TensorContent): ExternalPlace => {
    const place = { location: fileName, offset: end, length: writtenLength(content) };
    attempt(path, 'write', () => {
      descriptor ??= open();
      writeContent(descriptor, content, place.offset);
    });
    end = Math.ceil((end + place.length) / alignment) * alignment;
    return place;
  };
  return {
    folder,
    place(content) {
      const known = places.get(content.data) ?? new Map<TensorContent['dtype'], ExternalPlace>();
      const place = known.get(content.dtype) ?? append(content);
      places.set(content.data, known.set(content.dtype, place));
      return place;
    },
    remove() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
      rmSync(path, { force: true });
    },
  };
}
