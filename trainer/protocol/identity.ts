import { createRequire } from 'node:module';

/** Name and version in the hello event. The version rises when results or the protocol change. */
export const trainerName = 'budgetline-trainer';
export const trainerVersion = '0.1.0';

/** E.g. "onnxruntime-node 1.30.0", from its package.json, without loading the library. */
export function runtimeVersion(): string {
  const { name, version } = createRequire(__filename)('onnxruntime-node/package.json') as Record<
    'name' | 'version',
    string
  >;
  return `${name} ${version}`;
}
