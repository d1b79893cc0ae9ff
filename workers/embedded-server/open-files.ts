import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A file that a process has open. */
export interface OpenFile {
  /** Device and inode: equal for all paths of a file, different for a copy. */
  readonly id: string;
  /** Number of names; 0 after the file was removed. */
  readonly links: number;
  readonly path: string;
}

const idOf = (device: bigint, inode: bigint): string => `${device}:${inode}`;

/** Device and inode of a path; undefined if it does not exist. */
export function fileId(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && idOf(found.dev, found.ino);
}

function linuxOpenFile(path: string): OpenFile[] {
  try {
    const { dev, ino, nlink } = statSync(path, { bigint: true });
    return [{ id: idOf(dev, ino), links: Number(nlink), path: readlinkSync(path) }];
  } catch {
    return [];
  }
}

function linuxOpenFiles(pid: number): OpenFile[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => linuxOpenFile(join(folder, name)));
  } catch {
    return [];
  }
}

/** Parses one file in the output of `lsof -F`: lines of a letter and a value. */
function parseLsofFile(lines: string): OpenFile[] {
  const field = (letter: string): string => new RegExp(`^${letter}(.*)$`, 'm').exec(lines)?.[1] ?? '';
  const [device, inode] = [field('D'), field('i')];
  if (device === '' || !/^\d+$/.test(inode)) return [];
  return [{ id: idOf(BigInt(device), BigInt(inode)), links: Number(field('k')), path: field('n') }];
}

/** The same without /proc, as on macOS. */
export function lsofOpenFiles(pid: number): OpenFile[] {
  const words = ['-w', '-n', '-P', '+L', '-a', '-p', String(pid), '-F', 'fDikn'];
  try {
    const text = execFileSync('lsof', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split(/^(?=f)/m).flatMap(parseLsofFile);
  } catch {
    return [];
  }
}

/** Files that a process has open; empty if it has ended or belongs to another user. */
export const openFiles = process.platform === 'linux' ? linuxOpenFiles : lsofOpenFiles;

/** Whether a server's database was removed, together with its home. False where its files cannot be listed. */
export function hasLostDatabase(pid: number): boolean {
  const databases = openFiles(pid).filter(({ path }) => /\/temporal\.db( \(deleted\))?$/.test(path));
  return databases.length > 0 && databases.every(({ links }) => links === 0);
}
