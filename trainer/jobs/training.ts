import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { findCheckpoint, refuseOtherJob, saveCheckpoint, type Checkpoint } from '../checkpoints/checkpoint';
import { matchesMark, openMetricsLog, type MetricsLog } from '../checkpoints/metrics-log';
import { findDifference } from '../checkpoints/semantics';
import { tokensIn } from '../engine';
import type {
  StepFigures,
  StepRequest,
  Tensor,
  TrainEngine,
  TrainRow,
  TrainState,
  Weights,
} from '../engine/types';
import { attempt, writeSynced } from '../io/files';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import { createCallPace, type CallPace } from './call-pace';
import type { JobContext, JobFigures } from './context';
import { requireFinite, watchLoss } from './loss-watch';

export type TrainingJob = JobOf<'pretrain'> | JobOf<'sft'> | JobOf<'preference'>;

const metricsPath = (job: TrainingJob): string => join(job.workDir, 'metrics.jsonl');
const checkpointFolder = (job: TrainingJob): string => join(job.workDir, 'checkpoints');

/**
 * Where a training job goes on: its newest whole checkpoint, or null. Damaged ones are passed over with a warning, a
 * changed plan with another; a changed job is refused.
 */
export async function findResumePoint({
  job,
  semantics,
  warn,
}: JobContext<TrainingJob>): Promise<Checkpoint | null> {
  const { checkpoint, damaged } = await findCheckpoint(checkpointFolder(job), ({ metrics }) =>
    matchesMark(metricsPath(job), metrics),
  );
  for (const path of damaged)
    warn('CHECKPOINT_DAMAGED', `${path} does not hold what was written; an older one is used.`);
  if (checkpoint === null) return null;
  refuseOtherJob(findDifference(checkpoint.semantics, semantics), job.workDir);
  const changed = findDifference(checkpoint.plan, job.plan);
  if (changed !== null)
    warn(
      'PLAN_CHANGED',
      `Field "plan.${changed}" differs from the checkpoint's: results agree within tolerance, not byte for byte.`,
    );
  return checkpoint;
}

/** A state to begin from: the parameters, and moments of zero. */
export function freshState(parameters: Weights): TrainState {
  const zeros = (): Map<string, Tensor> =>
    new Map(
      [...parameters].map(([name, { dims, data }]) => [name, { dims, data: new Float32Array(data.length) }]),
    );
  return { parameters: new Map(parameters), firstMoments: zeros(), secondMoments: zeros() };
}

export interface TrainingRun {
  readonly engine: TrainEngine;
  readonly from: Checkpoint | null;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Rows of a step, counted from 1: a pure function of the step. */
  readonly batchAt: (step: number) => readonly TrainRow[];
  readonly learningRateAt: (step: number) => number;
  /** Looks at the figures of a step before anything else is done with them. */
  readonly check?: (step: number, figures: StepFigures, rows: readonly TrainRow[]) => void;
}

/**
 * Figures that events tell and metrics.jsonl does not keep: the file is part of what a stage makes, and its bytes stay
 * what they were before these were measured.
 */
const toldOnly = (command: TrainingJob['command']): ReadonlySet<string> =>
  new Set(command === 'preference' ? ['entropy', 'mean_token_accuracy'] : ['entropy']);

const without = (values: StepFigures, names: ReadonlySet<string>): StepFigures =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));

/** One run of the loop that every training command shares; what differs comes in as `TrainingRun`. */
class TrainingLoop {
  private readonly log: MetricsLog;
  private readonly watch: ReturnType<typeof watchLoss>;
  private tokens: number;
  private savedStep: number;
  private last: StepFigures = {};
  private readonly pace: CallPace;

  constructor(
    private readonly context: JobContext<TrainingJob>,
    private readonly run: TrainingRun,
  ) {
    this.pace = createCallPace(run.engine.stepsPerCall);
    this.log = openMetricsLog(metricsPath(context.job), run.from?.metrics);
    this.watch = watchLoss(this.log.earlier.map(({ values }) => values['loss'] ?? 0));
    this.tokens = run.from?.tokens ?? 0;
    this.savedStep = run.from?.step ?? 0;
  }

  async train(): Promise<JobFigures> {
    const { run } = this;
    const from = this.savedStep;
    const progress = createProgress(this.context.events, { phase: 'train', steps: run.steps, from });
    for (let done = from; done < run.steps;) {
      await this.yieldIfAsked(done);
      const requests = this.nextSteps(done);
      const figures = await this.call(requests);
      for (const [index, request] of requests.entries()) {
        const seen = this.tokens;
        this.take(request, figures[index] ?? {});
        const loss = this.last['loss'];
        const tokens = this.tokens - seen;
        progress.report(request.step, { tokens, ...(loss === undefined ? {} : { loss }) });
      }
      done += requests.length;
      if (done % this.context.job.checkpointEverySteps === 0 && done < run.steps) this.save(done);
    }
    this.log.mark();
    this.log.close();
    return {
      steps: run.steps,
      tokens: this.tokens,
      ...(this.last['loss'] === undefined ? {} : { finalLoss: this.last['loss'] }),
    };
  }

  private async call(requests: readonly StepRequest[]): Promise<readonly StepFigures[]> {
    const calledMs = performance.now();
    const figures = await this.run.engine.steps(requests);
    this.pace.took(performance.now() - calledMs, requests.length);
    return figures;
  }

  /** The steps of one call: as many as its pace allows, up to the next checkpoint. */
  private nextSteps(done: number): readonly StepRequest[] {
    const { run } = this;
    const every = this.context.job.checkpointEverySteps;
    const count = Math.min(this.pace.steps(), every - (done % every), run.steps - done);
    return Array.from({ length: count }, (_, index) => {
      const step = done + index + 1;
      return { step, rows: run.batchAt(step), learningRate: run.learningRateAt(step) };
    });
  }

  private take({ step, rows, learningRate }: StepRequest, figures: StepFigures): void {
    const { run } = this;
    requireFinite(step, figures);
    run.check?.(step, figures, rows);
    this.watch(step, figures['loss'] ?? 0);
    for (const row of rows) this.tokens += tokensIn(row);
    const values = {
      ...figures,
      learning_rate: learningRate,
      num_tokens: this.tokens,
      epoch: step / run.stepsPerEpoch,
    };
    this.log.append(step, without(values, toldOnly(this.context.job.command)));
    this.context.events.emit({ event: 'metric', step, values });
    this.last = figures;
  }

  private async yieldIfAsked(step: number): Promise<void> {
    const reason = await this.context.stop.poll();
    if (reason === null) return;
    if (step > this.savedStep) this.save(step);
    throw yielded(reason, step);
  }

  private save(step: number): void {
    const { job, semantics, events } = this.context;
    const checkpoint: Checkpoint = {
      step,
      tokens: this.tokens,
      metrics: this.log.mark(),
      plan: job.plan,
      semantics,
      state: this.run.engine.exportState(),
    };
    const saved = saveCheckpoint(checkpointFolder(job), checkpoint, job.keepCheckpoints);
    this.savedStep = step;
    events.emit({ event: 'checkpoint', step, ...saved });
  }
}

/** Trains an engine that holds the resume point's state to the last step. @throws TRAINING_DIVERGED, TRAINER_YIELDED. */
export async function train(context: JobContext<TrainingJob>, run: TrainingRun): Promise<JobFigures> {
  return new TrainingLoop(context, run).train();
}

/** Copies the metrics of every step into the output. */
export function writeMetrics(job: TrainingJob, output: string): void {
  const source = metricsPath(job);
  writeSynced(join(output, 'metrics.jsonl'), [attempt(source, 'read', () => readFileSync(source))]);
}
