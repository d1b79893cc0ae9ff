import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Place, writtenAt } from './source-maps';

const packageRoot = resolve(__dirname, '..').replace(/[/\\]dist$/, '');

const rooms =
  'activities|analysis|annotators|app|audit|cli|client|code|conformance|connection|contracts|core|definitions|dist|' +
  'host|ingest|losses|models|planning|report|schemas|search|stages|store|tasks|text|trainer|workers|workflows';
const ours = new RegExp(`^(?:(?:${rooms})/|index\\.ts$)`);

/** Whether a file belongs to this package, whose code the revisions of stages cover. */
export function isOurs(file: string): boolean {
  return ours.test(relative(packageRoot, file).replaceAll('\\', '/'));
}

function placeOf(frame: string): Place | undefined {
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
  const frames = stack.split('\n').filter((frame) => {
    const place = placeOf(frame);
    return place === undefined || !isOurs(place.file);
  });
  const first = frames.findIndex((frame) => placeOf(frame) !== undefined && !isOfPackage(frame));
  const end = frames.findIndex(
    (frame, at) => frame.includes('node:internal/') || (first >= 0 && at > first && isOfPackage(frame)),
  );
  return frames.slice(0, end < 0 ? frames.length : end).flatMap((frame) => placeOf(frame) ?? []);
}
