import { join } from 'node:path';

const variable = 'BUDGETLINE_TEST_SERVER_HOME';

/** The folder of this test run's servers; made before the first test and removed after the last one. */
export function serversFolder(): string {
  const folder = process.env[variable];
  if (folder === undefined)
    throw new Error(`${variable} is not set: run the tests with mocha in the root of the repository`);
  return folder;
}

/** One server for each process of mocha: on a shared one, workers of two test files would take each other's stages. */
export function serverHome(): string {
  return join(serversFolder(), process.env['MOCHA_WORKER_ID'] ?? '0');
}

export function nameServersFolder(folder: string): void {
  process.env[variable] = folder;
}
