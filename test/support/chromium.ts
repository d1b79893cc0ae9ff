import { existsSync } from 'node:fs';
import { join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** A Chromium of this machine: CHROMIUM_PATH, else on PATH, else at its place on macOS. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(':');
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const named = env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  return [...onPath, ...applications].find((path) => existsSync(path));
}
