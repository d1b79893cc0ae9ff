import type { DownloadProgress } from '../definitions';
import { printerTo } from './printer';

const megabyte = 1e6;

/** Prints a line when the download of a file starts, at every tenth and at its end. Files below 1 MB print none. */
export function createDownloadLines(print: (line: string) => void): (progress: DownloadProgress) => void {
  const printed = new Map<string, number>();
  return ({ file, bytes, totalBytes }) => {
    const tenth = Math.floor((10 * bytes) / totalBytes);
    if (totalBytes < megabyte || printed.get(file) === tenth) return;
    printed.set(file, tenth);
    print(
      `Downloading ${file}: ${(bytes / megabyte).toFixed(0)} of ${(totalBytes / megabyte).toFixed(0)} MB`,
    );
  };
}

/** Prints download progress to standard error. */
export function printDownloads(): (progress: DownloadProgress) => void {
  const { print } = printerTo(process.stderr);
  return createDownloadLines((line) => print([line]));
}
