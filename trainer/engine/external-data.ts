import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodedBytes, encodedLength, type ExternalData, type TensorContent } from '../graph';
import { writeAll } from '../../host/whole-file';
import { attempt } from '../io/files';

type Data = TensorContent['data'];

const fileName = 'weights.bin';
/** Offsets are multiples of the page size, so that the file can be memory mapped. */
const alignment = 4096;
/** Elements written at once: narrowing them needs 2 MiB instead of a copy of the model. */
const chunkElements = 1 << 20;

/** ONNX external data: a file of frozen weights that several graphs share. A graph may have at most 2 GiB. */
export interface ExternalDataFile {
  readonly folder: string;
  /** Where an array is stored. It is written on the first call for each element type. */
  store(content: TensorContent): ExternalData;
  /** Deletes the file. */
  remove(): void;
}

function writeContent(descriptor: number, { dtype, data }: TensorContent, offset: number): void {
  let end = offset;
  for (let at = 0; at < data.length; at += chunkElements) {
    const bytes = encodedBytes({ dtype, data: data.subarray(at, at + chunkElements) });
    writeAll(descriptor, bytes, end);
    end += bytes.length;
  }
}

/** Creates the file when the first array is stored. An existing file is overwritten. */
export function createExternalDataFile(folder: string): ExternalDataFile {
  const path = join(folder, fileName);
  let descriptor: number | null = null;
  const open = (): number => {
    mkdirSync(folder, { recursive: true });
    return openSync(path, 'w');
  };
  const stored = new WeakMap<Data, Map<TensorContent['dtype'], ExternalData>>();
  let end = 0;
  const append = (content: TensorContent): ExternalData => {
    const range = { location: fileName, offset: end, length: encodedLength(content) };
    attempt(path, 'write', () => {
      descriptor ??= open();
      writeContent(descriptor, content, range.offset);
    });
    end = Math.ceil((end + range.length) / alignment) * alignment;
    return range;
  };
  return {
    folder,
    store(content) {
      const byType = stored.get(content.data) ?? new Map<TensorContent['dtype'], ExternalData>();
      const range = byType.get(content.dtype) ?? append(content);
      stored.set(content.data, byType.set(content.dtype, range));
      return range;
    },
    remove() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
      rmSync(path, { force: true });
    },
  };
}
