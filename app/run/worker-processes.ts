import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { TaskQueue } from '../../contracts/stage';
import { toFileError } from '../../host/fs-errors';

export interface WorkerProcessesOptions {
  readonly queues: readonly TaskQueue[];
  /** Program and arguments of a worker for a queue. */
  readonly commandFor: (queue: TaskQueue) => readonly [program: string, ...words: string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Exit status of a worker that finds no server. It is restarted without a notice, since followers report that. */
  readonly noServerStatus: number;
  /** Folder of the workers' logs. */
  readonly logDir: string;
  /** One line for people. */
  readonly onNotice: (text: string) => void;
  /** A worker ended several times in a row: the run cannot continue. */
  readonly onGiveUp: (error: BudgetlineError) => void;
}

/** Longer than a worker's grace period, which is longer than its trainers'. */
const stopLimitMs = 45_000;
const shortRunMs = 10_000;
const maxShortRuns = 5;
const serverPauseMs = 1_000;

function howItEnded(code: number | null, signal: string | null): string {
  return signal === null ? `ended with status ${code ?? 0}` : `was killed by ${signal}`;
}

const couldNotStart = (error: unknown): string =>
  `could not be started (${error instanceof Error ? error.message : String(error)})`;

/** One worker process of a queue. It is restarted when it ends. */
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

  /** @throws if its log cannot be written. */
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
    // A process group of its own: Ctrl-C in a terminal reaches only this process, which then lets the workers drain.
    // Standard input is the keep-alive: it closes when this process ends for any reason.
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
        // A signal that cannot be sent is also an error, but of a process that has started.
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
      this.options.onGiveUp(this.#giveUpError(how));
      return;
    }
    this.options.onNotice(`The ${this.queue} worker ${how}; starting another one.`);
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

  #giveUpError(how: string): BudgetlineError {
    return new BudgetlineError(
      'INTERNAL',
      `The ${this.queue} worker ${how}, ${maxShortRuns} times in a row within seconds of its start.`,
      { remedy: `Read ${this.logPath}.`, details: { logPath: this.logPath } },
    );
  }

  /** Asks the worker to drain, and kills it after a time limit. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#child?.stdin?.end();
    this.#child?.kill('SIGTERM');
    const limit = setTimeout(() => this.kill(), stopLimitMs);
    await this.#ended;
    clearTimeout(limit);
  }

  /** Kills the worker. Its trainers end with their keep-alive. */
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
    throw toFileError(error, path);
  }
}

/** The worker processes of one run. They end with it. */
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
        throw toFileError(error, options.logDir);
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
