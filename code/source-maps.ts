import { SourceMap } from 'node:module';

/** A place in a file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Compiled file → its source map, and the column at which its first line starts. */
const compiled = new Map<string, { map: SourceMap; start: number }>();

const wrapper = '(function (exports, require, module, __filename, __dirname, jitiImport, jitiESMResolve) { ';
const inlineMap = /\n\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/;

interface Source {
  readonly filename?: string;
  /** Whether the code is loaded as an ES module. */
  readonly async?: boolean;
}

/** Keeps the map that the compiler appended to the code, and returns the code without it. */
export function keepMap(code: string, { filename = '', async = false }: Source): string {
  return code.replace(inlineMap, (_, encoded: string) => {
    const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMap['payload']);
    compiled.set(filename, { map, start: wrapper.length + (async ? 'async '.length : 0) });
    return '';
  });
}

/** The place in the source of a place in the code that runs. The compiler keeps lines but not columns. */
export function writtenAt(place: Place): Place {
  const { map, start } = compiled.get(place.file) ?? {};
  if (map === undefined || start === undefined) return place;
  const entry = map.findEntry(place.line - 1, place.column - 1 - (place.line === 1 ? start : 0));
  if (!('originalLine' in entry)) return place;
  return { file: place.file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}
