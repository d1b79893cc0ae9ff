/**
 * A user who trains in a folder: `node … training-user.ts FOLDER`. Runs a short job as a worker does, on a device that
 * all homes share.
 */
import { join } from 'node:path';
import { defaultTrainerCommand } from '../../activities/deps';
import { deviceLocks } from '../../activities/trainer-process/devices';
import { trainerEnvironment } from '../../activities/trainer-process/environment';
import { runTrainer } from '../../activities/trainer-process/run-trainer';
import { architecture, generateJob, makePrompts } from './trainer/tiny-model';

const [folder = ''] = process.argv.slice(2);
const env = trainerEnvironment(process.env, { CUDA_VISIBLE_DEVICES: 'GPU-shared' });
const job = generateJob(folder, 'run', {
  model: architecture,
  prompts: makePrompts(join(folder, 'prompts.jsonl'), 2),
});
const never = new AbortController().signal;

void runTrainer({
  job,
  runDir: join(folder, 'run'),
  setup: {
    command: defaultTrainerCommand(),
    env,
    deviceLocks: deviceLocks({ env, home: folder, slots: 1 }),
    limits: { graceMs: 1_000, stallMs: 60_000, silenceMs: 60_000, openingMs: 60_000, callMs: () => 600_000 },
  },
  controls: { stop: never, kill: never },
}).then(
  ({ result }) => process.stdout.write(`${result.files.map(({ path }) => path).join()}\n`),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
