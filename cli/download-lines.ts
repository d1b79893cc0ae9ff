import type { DownloadProgress } from '../definitions';

const megabyte = 1e6;

/** Tells of a file's arrival when it begins, at every tenth of it, and at its end. Small files are not worth a line. */
export function createDownloadLines(print: (line: string) => void): (progress: DownloadProgress) => void {
  const told = new Map<string, number>();
  return ({ file, bytes, totalBytes }) => {
    const tenth = Math.floor((10 * bytes) / totalBytes);
    if (totalBytes < megabyte || told.get(file) === tenth) return;
    told.set(file, tenth);
    print(
      `Downloading ${file}: ${(bytes / megabyte).toFixed(0)} of ${(totalBytes / megabyte).toFixed(0)} MB`,
    );
  };
}

/** Prints them to standard error. */
export function printDownloads(): (progress: DownloadProgress) => void {
  return createDownloadLines((line) => process.stderr.write(`${line}\n`));
}
