import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { TaskQueue } from '../../contracts/stage';
import { toStoreError } from '../../store/fs-errors';

export interface WorkerProcessesOptions {
  readonly queues: readonly TaskQueue[];
  /** Program and arguments of a worker for a queue. */
  readonly commandFor: (queue: TaskQueue) => readonly [program: string, ...words: string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Exit status of a worker that finds no server: it is started again without a word, since followers report that. */
  readonly noServerStatus: number;
  /** Folder of the workers' logs. */
  readonly logDir: string;
  /** One line for people. */
  readonly onNotice: (text: string) => void;
  /** A worker ends again and again: there is no going on. */
  readonly onGiveUp: (error: BudgetlineError) => void;
}

/** Longer than a worker's own grace, which is longer than its trainers'. */
const stopLimitMs = 45_000;
const shortRunMs = 10_000;
const maxShortRuns = 5;
const serverPauseMs = 1_000;

function howItEnded(code: number | null, signal: string | null): string {
  return signal === null ? `ended with status ${code ?? 0}` : `was ended by ${signal}`;
}

const couldNotStart = (error: unknown): string =>
  `could not be started (${error instanceof Error ? error.message : String(error)})`;

/** One worker process of a queue: started again when it dies. */
class WorkerSupervisor {
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #stopping = false;
  #shortRuns = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly queue: TaskQueue,
    private readonly options: WorkerProcessesOptions,
  ) {}

  get logPath(): string {
    return join(this.options.logDir, `worker-${this.queue}.log`);
  }

  /** @throws where its log cannot be written. */
  start(): void {
    const log = openLog(this.logPath);
    try {
      this.#follow(this.#spawn(log));
    } finally {
      closeSync(log);
    }
  }

  #spawn(log: number): ChildProcess {
    const [program, ...words] = this.options.commandFor(this.queue);
    // A group of its own: Ctrl-C in a terminal reaches this process alone, which then lets the workers drain.
    // Standard input is the keep-alive: it ends with this process, however that ends.
    return spawn(program, words, {
      env: { ...this.options.env, BUDGETLINE_KEEP_ALIVE: '1' },
      detached: true,
      stdio: ['pipe', log, log],
    });
  }

  #follow(child: ChildProcess): void {
    child.stdin?.on('error', () => undefined);
    const startedMs = performance.now();
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => {
        // A signal that cannot be sent is an error, too; that process has started.
        if (child.pid !== undefined) return;
        resolve();
        if (!this.#stopping) this.#replace(couldNotStart(error), 0);
      });
      child.once('exit', (code, signal) => {
        resolve();
        if (this.#stopping) return;
        if (code === this.options.noServerStatus) this.#startAfter(serverPauseMs);
        else this.#replace(howItEnded(code, signal), performance.now() - startedMs);
      });
    });
  }

  #replace(how: string, ranMs: number): void {
    this.#shortRuns = ranMs < shortRunMs ? this.#shortRuns + 1 : 0;
    if (this.#shortRuns >= maxShortRuns) {
      this.options.onGiveUp(this.#hopeless(how));
      return;
    }
    this.options.onNotice(`The ${this.queue} worker ${how}; another one is started.`);
    this.#startAfter(this.#shortRuns * 500);
  }

  #startAfter(pauseMs: number): void {
    this.#timer = setTimeout(() => {
      try {
        this.start();
      } catch (error) {
        this.#replace(couldNotStart(error), 0);
      }
    }, pauseMs);
  }

  #hopeless(how: string): BudgetlineError {
    return new BudgetlineError(
      'INTERNAL',
      `The ${this.queue} worker ${how}, ${maxShortRuns} times in a row within seconds of its start.`,
      { remedy: `Read ${this.logPath}.`, details: { logPath: this.logPath } },
    );
  }

  /** Asks the worker to drain, and insists when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#child?.stdin?.end();
    this.#child?.kill('SIGTERM');
    const insist = setTimeout(() => this.kill(), stopLimitMs);
    await this.#ended;
    clearTimeout(insist);
  }

  /** At once; a trainer of this worker sees its own keep-alive end. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#child?.kill('SIGKILL');
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw toStoreError(error, path);
  }
}

/** The worker processes of one run. None outlives it. */
export interface WorkerProcesses {
  start(): void;
  stop(): Promise<void>;
  kill(): void;
}

export function createWorkerProcesses(options: WorkerProcessesOptions): WorkerProcesses {
  const supervisors = options.queues.map((queue) => new WorkerSupervisor(queue, options));
  return {
    start() {
      try {
        mkdirSync(options.logDir, { recursive: true });
      } catch (error) {
        throw toStoreError(error, options.logDir);
      }
      for (const supervisor of supervisors) supervisor.start();
    },
    stop: async () => {
      await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
    },
    kill() {
      for (const supervisor of supervisors) supervisor.kill();
    },
  };
}
