/** Memory of a GPU in use, by nvidia-smi: the same measure for every allocator. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const sampledEveryMs = 200;

/** The first visible GPU, by the name that nvidia-smi takes. */
export function firstDevice(visible = process.env['CUDA_VISIBLE_DEVICES']): string {
  const [first = ''] = (visible ?? '').split(',');
  return first === '' ? '0' : first;
}

function startWatching(): ChildProcess {
  return spawn(
    'nvidia-smi',
    [
      `--id=${firstDevice()}`,
      '--query-gpu=memory.used',
      '--format=csv,noheader,nounits',
      `--loop-ms=${sampledEveryMs}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

/** Mebibytes of a line. It counts all processes of the GPU, so it must be idle before. */
const mebibytesOf = (line: string): number => Number(line.trim());

export interface Watched<T> {
  readonly made: T;
  /** Peak use above the use before, sampled five times a second. */
  readonly peakDeviceBytes: number;
}

/** Runs `work` and samples the GPU's memory. @throws if nvidia-smi cannot be started or prints nothing */
export async function watchDevice<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const watcher = startWatching();
  const failed = new Promise<never>((_, fail) => watcher.once('error', fail));
  const lines = createInterface({ input: watcher.stdout! });
  let [before, most] = [Number.NaN, 0];
  const begun = new Promise<void>((done) => {
    lines.on('line', (line) => {
      const used = mebibytesOf(line);
      if (Number.isNaN(before)) before = used;
      most = Math.max(most, used);
      done();
    });
    lines.once('close', done);
  });
  try {
    await Promise.race([begun, failed]);
    if (Number.isNaN(before)) throw new Error('nvidia-smi reports no memory of the GPU.');
    const made = await Promise.race([work(), failed]);
    return { made, peakDeviceBytes: (most - before) * 2 ** 20 };
  } finally {
    watcher.kill();
  }
}
