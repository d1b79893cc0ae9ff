import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import { assertPinned } from '../code/members';
import { BudgetlineError } from '../core/failures';
import type { Execution } from '../schemas/definition';
import type { StageMetrics } from '../contracts/metrics';
import type { EntryOf, LedgerEntry } from '../schemas/ledger';
import type { PlannedStage, StageWarning } from '../contracts/stage';
import type { StageProgress, StageRequest } from '../contracts/activities';
import type { TrainerEvent } from '../schemas/trainer-event';
import { trainerProtocol, type TrainerJob } from '../schemas/trainer-job';
import { ensureDir } from '../host/durable-files';
import type { Chain, Claim } from '../store';
import { AttemptNotes } from './attempt-notes';
import type { StageEnvironment } from './deps';
import type { OutageWatch } from './outage';
import { createInputs, type StageInputs } from './inputs';
import { startingProgress } from './starting-progress';
import { loadTaskProblems, type LoadedTask, type TaskSpec } from './task-data';
import type { MicroBatches } from './trainer-process/micro-batches';
import { runTrainer, type TrainerRun, type TrainerSetup } from './trainer-process/run-trainer';
import { workLimitsOf } from './trainer-process/work-limits';
import { Usage } from './usage';

/** What a finished stage hands over to be published. */
export interface StageOutput extends StageMetrics {
  /** The payload, in the scratch folder. */
  readonly dir: string;
}

/** Fields that every job has: names, folders, plan, family. */
export type JobBase = Pick<TrainerJob, 'protocol' | 'id' | 'workDir' | 'outputDir' | 'plan' | 'family'>;

/** A ledger line without the fields that identify the attempt. */
type NoteOf<T extends LedgerEntry['type']> = {
  [P in T]: Omit<EntryOf<P>, 'stage' | 'kind' | 'fence'> & { type: P };
}[T];

const heartbeatMs = 1000;

/** People read ledger lines, and histories carry them. */
const maxWarningLength = 500;

/** One attempt at a stage, from its claim to its end. Stage implementations work with it. */
export class StageSession {
  readonly stage: PlannedStage;
  readonly execution: Execution;
  readonly runDir: string;
  readonly inputs: StageInputs;
  readonly usage = new Usage();
  readonly notes: AttemptNotes;
  /** The stage's own chain. */
  readonly ledger: Chain;
  /** Aborted when cancellation was requested or the worker is stopping. */
  readonly stop: AbortSignal;
  #progress: StageProgress;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly environment: StageEnvironment,
    readonly request: StageRequest,
    readonly claim: Claim,
    readonly context: Context,
    readonly outages: OutageWatch,
  ) {
    const { stage, execution } = request;
    this.stage = stage;
    this.execution = execution;
    this.runDir = environment.scratch(stage.key);
    this.inputs = createInputs(environment.store, request);
    this.ledger = environment.store.chain({ stage: stage.key });
    this.notes = new AttemptNotes(this.ledger, claim);
    this.stop = AbortSignal.any([
      context.cancellationSignal,
      ...(environment.stopping === undefined ? [] : [environment.stopping]),
    ]);
    this.#progress = startingProgress(stage);
  }

  /** Sends heartbeats from a timer, so that a long step does not delay them. */
  startHeartbeats(): void {
    const beat = (): void =>
      this.context.heartbeat({ ...this.#progress, outage: this.outages.current } satisfies StageProgress);
    beat();
    this.#timer = setInterval(beat, heartbeatMs);
  }

  stopHeartbeats(): void {
    clearInterval(this.#timer);
  }

  report(progress: Partial<Omit<StageProgress, 'key' | 'kind'>>): void {
    this.#progress = { ...this.#progress, ...progress };
    this.outages.reached(this.#progress.step);
  }

  /** Throws if the stage should stop. For loops without a trainer that could be signalled. */
  throwIfStopped(): void {
    if (this.stop.aborted || this.claim.lost.aborted)
      throw new BudgetlineError('TRAINER_YIELDED', 'The stage was asked to stop.');
  }

  /** The task and problems of the stage. */
  loadTask(): Promise<LoadedTask> {
    const { spec } = this.stage;
    if (!('task' in spec))
      throw new BudgetlineError('CONFIG_INVALID', `${this.stage.title}: the stage has no task.`);
    return loadTaskProblems(this.environment.problems, this.stage.files, spec as unknown as TaskSpec);
  }

  /** An empty folder in the run folder. */
  async freshDir(name: string): Promise<string> {
    const dir = join(this.runDir, name);
    await rm(dir, { recursive: true, force: true });
    return ensureDir(dir);
  }

  /** Names, folders, plan and family of a job; `part` distinguishes several jobs of one stage. */
  jobBase(part = ''): JobBase {
    const folder = join(this.runDir, part);
    const { device, threads, microBatchSize } = this.execution;
    const { family } = this.request;
    return {
      protocol: trainerProtocol,
      id: this.stage.key,
      workDir: join(folder, 'work'),
      outputDir: join(folder, 'out'),
      plan: { device, threads, microBatchSize },
      family: family && { module: family.path, export: family.export, digest: family.digest },
    };
  }

  /** The stall limit comes from the definition, else from the worker, else from the job. */
  async #setupFor(job: TrainerJob): Promise<TrainerSetup> {
    const { trainer } = this.environment;
    const { stallSeconds } = this.execution;
    const { stallMs, ...limits } = trainer.limits;
    const setMs = stallSeconds === undefined ? stallMs : stallSeconds * 1000;
    return { ...trainer, limits: { ...limits, ...(await workLimitsOf(job, setMs)) } };
  }

  /** Runs a job in its own trainer process and reports its progress in heartbeats. */
  async runTrainer(job: TrainerJob): Promise<TrainerRun> {
    await this.claim.check();
    const { runDir, usage } = this;
    const { family } = this.request;
    // The trainer loads it. Jobs of other models have none.
    if (family !== undefined && 'family' in job && job.family !== undefined) await assertPinned(family);
    const controls = {
      stop: this.stop,
      kill: this.claim.lost,
      onEvent: (event: TrainerEvent) => this.#follow(event),
      onStall: () => this.stopHeartbeats(),
      onExit: usage.addExit.bind(usage),
      onMicroBatchReduced: (reduction: MicroBatches[number]) =>
        this.#note({ type: 'attempt-micro-batch-reduced', ...reduction }),
    };
    usage.addJob(job);
    const run = await runTrainer({ job, runDir, setup: await this.#setupFor(job), controls });
    usage.addRun(run);
    return run;
  }

  #note(entry: NoteOf<'attempt-micro-batch-reduced' | 'attempt-checkpoint' | 'attempt-warning'>): void {
    const { key, kind } = this.stage;
    this.notes.add({ ...entry, stage: key, kind, fence: this.claim.fence });
  }

  /** Adds a warning to the ledger and to the stage's result. */
  warn({ code, message }: StageWarning): void {
    this.#note({ type: 'attempt-warning', code, message: message.slice(0, maxWarningLength) });
  }

  #follow(event: TrainerEvent): void {
    if (event.event === 'checkpoint') {
      const { step, sha256, bytes } = event;
      this.#note({ type: 'attempt-checkpoint', step, sha256, bytes });
    }
    if (event.event === 'warning') this.warn(event);
    if (event.event !== 'progress') return;
    const { phase, step, steps, loss, tokensPerSecond, secondsLeft } = event;
    this.report({ phase, step, steps, loss, tokensPerSecond, secondsLeft });
  }
}

/** A stage's implementation: writes the payload into the run folder. */
export type StageMaker = (session: StageSession) => Promise<StageOutput>;
