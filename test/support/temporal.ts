import './quiet-runtime';
import { ensureServer } from '../../workers/embedded-server';
import type { EmbeddedServer } from '../../workers/embedded-server';
import { serverHome } from './server-home';

let shared: Promise<EmbeddedServer> | undefined;

const onProgress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The real Temporal server of this test process; it ends with the test run. */
export function testServer(): Promise<EmbeddedServer> {
  shared ??= ensureServer({ home: serverHome(), env: process.env, onProgress });
  return shared;
}

/** Building Temporal with Go takes minutes, once on a machine. */
export const acquisitionLimitMs = 600_000;
