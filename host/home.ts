import { join } from 'node:path';
import { isName, nameRule } from '../core/names';
import { BudgetlineError } from '../core/failures';

/** A name in a path must not lead out of its folder. */
function below(folder: string, name: string): string {
  if (isName(name)) return join(folder, name);
  throw new BudgetlineError('USAGE', `"${name}" cannot name a file: use ${nameRule()}.`);
}

/** Reports, charts and result.json of a sweep. */
export const reportFolder = (home: string, sweepId: string): string => below(join(home, 'reports'), sweepId);

/** The embedded servers of a home, one folder for each version. */
export const serversFolder = (home: string): string => join(home, 'temporal');

/** One server version: another version must not open its database. */
export const serverFolder = (home: string, version: string): string => below(serversFolder(home), version);

/**
 * A worker's scratch space for a stage: job.json, checkpoints, events.jsonl, stderr.log. By default it is on the disk of
 * the store, so that publishing is one rename.
 */
export const scratchFolder = (home: string, key: string): string => below(join(home, 'store', 'runs'), key);
