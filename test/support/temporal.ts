import './quiet-runtime';
import { ensureServer } from '../../workers/embedded-server';
import type { EmbeddedServer } from '../../workers/embedded-server';
import { serverHome } from './server-home';

let shared: Promise<EmbeddedServer> | undefined;

const onProgress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The one real Temporal server of this process of the test run; it ends when the run does. */
export function testServer(): Promise<EmbeddedServer> {
  shared ??= ensureServer({ home: serverHome(), env: process.env, onProgress });
  return shared;
}

/** Acquiring Temporal through Go takes minutes the first time on a machine. */
export const acquisitionLimitMs = 600_000;
