import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

function findModels(folder: string): string {
  const path = join(folder, 'models');
  const isRoot = existsSync(path) && existsSync(join(folder, 'package.json'));
  return isRoot || folder === dirname(folder) ? path : findModels(dirname(folder));
}

/** Reads a statistical model of the package: models/NAME/model.json.gz. */
export function readModel(name: string): unknown {
  const path = join(findModels(__dirname), name, 'model.json.gz');
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));
}
