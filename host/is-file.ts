import { existsSync, statSync } from 'node:fs';

/** Whether a path is a file, links followed. */
export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();
