import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../host/package-files';
import { type Place, writtenAt } from './source-maps';

const rooms =
  'activities|analysis|annotators|app|audit|cli|client|code|conformance|connection|contracts|core|definitions|dist|' +
  'host|ingest|losses|models|planning|report|schemas|search|stages|store|tasks|text|trainer|workers|workflows';
const ours = new RegExp(`^(?:(?:${rooms})/|index\\.ts$)`);

const inPackage = (file: string): string => relative(packageRoot, file).replaceAll('\\', '/');

/** Whether a file belongs to this package, whose code the revisions of stages cover. */
export const isOurs = (file: string): boolean => ours.test(inPackage(file));

const isLoader = (file: string): boolean => /^(?:dist\/)?code\/load\.[jt]s$/.test(inPackage(file));

/** The place of one line of a stack; undefined outside of files. */
export function placeOf(frame: string): Place | undefined {
  // Text that a program evaluates is in no file; the frame names the caller, which has a frame of its own.
  if (frame.includes('(eval at ')) return undefined;
  const [, path, line, column] =
    /(?:\(|at (?:async )?)((?:file:\/\/|\/|[A-Za-z]:\\).*):(\d+):(\d+)\)?$/.exec(frame) ?? [];
  if (path === undefined) return undefined;
  const file = path.startsWith('file://') ? fileURLToPath(path) : path;
  return writtenAt({ file, line: Number(line), column: Number(column) });
}

const isOfPackage = (frame: string): boolean => /[/\\]node_modules[/\\]/.test(frame);

/**
 * The places of user code in a stack, from the innermost call up to the caller of the user's code: Node, loading the
 * module, or a library. A library that the user's code called is included.
 */
export function placesIn(stack: string): Place[] {
  const all = stack.split('\n');
  const loader = all.findIndex((frame) => isLoader(placeOf(frame)?.file ?? ''));
  const frames = all.slice(0, loader < 0 ? all.length : loader).filter((frame) => {
    const place = placeOf(frame);
    return place === undefined || !isOurs(place.file);
  });
  const first = frames.findIndex((frame) => placeOf(frame) !== undefined && !isOfPackage(frame));
  const end = frames.findIndex(
    (frame, at) => frame.includes('node:internal/') || (first >= 0 && at > first && isOfPackage(frame)),
  );
  return frames.slice(0, end < 0 ? frames.length : end).flatMap((frame) => placeOf(frame) ?? []);
}

/** The innermost place of user code in a whole stack. */
export function firstPlaceIn(stack: string): Place | undefined {
  const frame = stack.split('\n').find((each) => {
    const place = placeOf(each);
    return place !== undefined && !isOurs(place.file) && !isOfPackage(each);
  });
  return frame === undefined ? undefined : placeOf(frame);
}
