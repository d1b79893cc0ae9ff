/** The memory of a GPU while something runs on it, by NVIDIA's own tool: the same measure whoever allocates. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const sampledEveryMs = 200;

/** The GPU that a process takes which may see these, as nvidia-smi wants it named. */
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

/** Mebibytes of a line; several processes of one GPU are one number, so it must be at rest before. */
const mebibytesOf = (line: string): number => Number(line.trim());

export interface Watched<T> {
  readonly made: T;
  /** Most that was in use above what was before, sampled five times a second. */
  readonly peakDeviceBytes: number;
}

/** Does work and watches the GPU. @throws where nvidia-smi cannot be started or says nothing. */
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
    if (Number.isNaN(before)) throw new Error('nvidia-smi tells no memory of the GPU.');
    const made = await Promise.race([work(), failed]);
    return { made, peakDeviceBytes: (most - before) * 2 ** 20 };
  } finally {
    watcher.kill();
  }
}
