import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureServer, stopServers, type ServerOptions } from '../../workers';
import { anyPort } from '../../workers/embedded-server/ports';
import { openProxy, type Proxy } from './proxy';

export interface WorldOptions {
  /** Folder of the logs and the server's database; survives the store's disk. */
  readonly folder: string;
  /** BUDGETLINE_HOME of the workers. */
  readonly home: string;
}

const quiet = (): void => undefined;

/** Workers of two devices, a worker for workflows, and a server behind a proxy. All can be killed and are restarted. */
export class World {
  readonly #workers = new Map<number, { readonly queue: string; readonly child: ChildProcess }>();
  #stopping = false;

  private constructor(
    private readonly options: WorldOptions,
    private readonly server: ServerOptions,
    /** The address of the server itself, without the proxy. */
    readonly address: string,
    readonly proxy: Proxy,
  ) {}

  static async open(options: WorldOptions): Promise<World> {
    mkdirSync(options.folder, { recursive: true });
    // A restarted server has the same port.
    const env = { ...process.env, BUDGETLINE_TEMPORAL_PORT: String(await anyPort()) };
    const server = { home: options.folder, env, onProgress: quiet };
    const { address } = await ensureServer(server);
    const world = new World(options, server, address, await openProxy(address));
    for (const queue of ['cpu', 'gpu', 'gpu']) world.#startWorker(queue);
    return world;
  }

  /** Log of every start of a trainer. */
  get log(): string {
    return join(this.options.folder, 'trainers.jsonl');
  }

  #startWorker(queue: string): void {
    const { folder, home } = this.options;
    const log = openSync(join(folder, `worker-${queue}.log`), 'a');
    const words = [join(__dirname, 'worker.js'), home, this.proxy.address, queue, this.log];
    const child = spawn(process.execPath, words, { stdio: ['pipe', log, log] });
    closeSync(log);
    child.stdin?.on('error', quiet);
    const pid = child.pid ?? 0;
    this.#workers.set(pid, { queue, child });
    child.once('exit', () => {
      this.#workers.delete(pid);
      if (!this.#stopping) setTimeout(() => this.#restart(queue), 200);
    });
  }

  /** A worker that cannot connect, because the server is down, ends and is restarted. */
  #restart(queue: string): void {
    if (!this.#stopping) this.#startWorker(queue);
  }

  /** Kills the worker with this process id, or any worker of a queue. It is restarted. */
  async killWorker(which: number | 'cpu'): Promise<boolean> {
    const found = [...this.#workers].find(([pid, { queue }]) => pid === which || queue === which)?.[1];
    if (found === undefined) return false;
    const ended = once(found.child, 'exit');
    found.child.kill('SIGKILL');
    await ended;
    return true;
  }

  /** Kills the server, and starts it on the same database after a while. */
  async killServer(awayMs: number): Promise<void> {
    const { pid } = await ensureServer(this.server);
    process.kill(pid, 'SIGKILL');
    await sleep(awayMs);
    await ensureServer(this.server);
  }

  /** Ends workers, proxy and server in any state. */
  async close(): Promise<void> {
    this.#stopping = true;
    const ending = [...this.#workers.values()].map(async ({ child }) => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const insist = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await ended;
      clearTimeout(insist);
    });
    await Promise.all(ending);
    await this.proxy.close();
    await stopServers(this.options.folder);
  }
}
