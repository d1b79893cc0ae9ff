import { resolve } from 'node:path';
import { embeddedModelPath } from '../host/package-files';

/** The path of a model that is not of the hub. */
export const localModelPath = (name: string, baseDir: string): string =>
  name === 'embedded' ? embeddedModelPath : resolve(baseDir, name);
