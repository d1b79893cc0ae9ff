import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobOf } from '../../schemas/trainer-job';
import { findCheckpoint, refuseOtherJob, saveCheckpoint, type Checkpoint } from '../checkpoints/checkpoint';
import { matchesMark, openMetricsLog, type MetricsLog } from '../checkpoints/metrics-log';
import { findDifference } from '../checkpoints/semantics';
import { countTokens } from '../engine';
import type { StepMetrics, StepRequest, TrainEngine, TrainState } from '../engine/types';
import type { Tensor, Weights } from '../tensor';
import type { TrainRow } from '../rows';
import { attempt, writeSynced } from '../io/files';
import { createProgress } from '../protocol/progress';
import { yielded } from '../protocol/stop';
import { createStepsPerCall, type StepsPerCall } from './steps-per-call';
import type { JobContext, JobMetrics } from './context';
import { createDivergenceMonitor, requireFinite } from './divergence-monitor';
import { scoreHeldOut, type HeldOut } from './held-out';

export type TrainingJob = JobOf<'pretrain'> | JobOf<'sft'> | JobOf<'preference'>;

const metricsPath = (job: TrainingJob): string => join(job.workDir, 'metrics.jsonl');
const checkpointFolder = (job: TrainingJob): string => join(job.workDir, 'checkpoints');

/**
 * The newest undamaged checkpoint of a training job, or null. Warns of damaged checkpoints and of a changed plan; a changed
 * job is an error.
 */
export async function findResumePoint({
  job,
  semantics,
  warn,
}: JobContext<TrainingJob>): Promise<Checkpoint | null> {
  const { checkpoint, damaged } = await findCheckpoint(checkpointFolder(job), ({ metrics }) =>
    matchesMark(metricsPath(job), metrics),
  );
  for (const path of damaged) warn('CHECKPOINT_DAMAGED', `${path} is damaged; an older checkpoint is used.`);
  if (checkpoint === null) return null;
  refuseOtherJob(findDifference(checkpoint.semantics, semantics), job.workDir);
  const changed = findDifference(checkpoint.plan, job.plan);
  if (changed !== null)
    warn(
      'PLAN_CHANGED',
      `Field "plan.${changed}" differs from the checkpoint's: results will agree within tolerance, not byte for byte.`,
    );
  return checkpoint;
}

/** The state before the first step: the parameters, and moments of zero. */
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
  /** Rows of a step (from 1). Pure. */
  readonly batchAt: (step: number) => readonly TrainRow[];
  readonly learningRateAt: (step: number) => number;
  /** Rows to score before the first step and after each epoch. Default: none. */
  readonly heldOut?: HeldOut;
  /** Checks the metrics of a step before anything is logged. */
  readonly check?: (step: number, metrics: StepMetrics, rows: readonly TrainRow[]) => void;
}

/** Metrics that are in events but not in metrics.jsonl. */
const eventOnly = (command: TrainingJob['command']): ReadonlySet<string> =>
  new Set(command === 'preference' ? ['entropy', 'mean_token_accuracy'] : ['entropy']);

const without = (values: StepMetrics, names: ReadonlySet<string>): StepMetrics =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.has(name)));

/** The loop of every training command; `TrainingRun` holds what differs. */
class TrainingLoop {
  private readonly log: MetricsLog;
  private readonly monitorLoss: ReturnType<typeof createDivergenceMonitor>;
  private tokens: number;
  private savedStep: number;
  private lastLoss: number | undefined;
  /** Held-out losses by step, those from before a resume included. */
  private readonly heldOutLosses = new Map<number, number>();
  private readonly stepsPerCall: StepsPerCall;

  constructor(
    private readonly context: JobContext<TrainingJob>,
    private readonly run: TrainingRun,
  ) {
    this.stepsPerCall = createStepsPerCall(run.engine.stepsPerCall);
    this.log = openMetricsLog(metricsPath(context.job), run.from?.metrics);
    const losses = this.log.earlier.flatMap(({ values }) => values['loss'] ?? []);
    this.lastLoss = losses.at(-1);
    this.monitorLoss = createDivergenceMonitor(losses);
    this.tokens = run.from?.tokens ?? 0;
    this.savedStep = run.from?.step ?? 0;
    for (const { step, values } of this.log.earlier) {
      const loss = run.heldOut && values[run.heldOut.metric];
      if (loss !== undefined) this.heldOutLosses.set(step, loss);
    }
  }

  async train(): Promise<JobMetrics> {
    const { run } = this;
    const from = this.savedStep;
    await this.evaluate(from);
    const progress = createProgress(this.context.events, { phase: 'train', steps: run.steps, from });
    for (let done = from; done < run.steps;) {
      await this.yieldIfRequested(done);
      const requests = this.nextSteps(done);
      const metrics = await this.call(requests);
      for (const [index, request] of requests.entries()) {
        const before = this.tokens;
        this.record(request, metrics[index] ?? {});
        progress.report(request.step, { tokens: this.tokens - before, loss: this.lastLoss });
      }
      done += requests.length;
      await this.evaluate(done);
      if (done % this.context.job.checkpointEverySteps === 0 && done < run.steps) this.save(done);
    }
    this.log.mark();
    this.log.close();
    return {
      steps: run.steps,
      tokens: this.tokens,
      ...(this.lastLoss === undefined ? {} : { finalLoss: this.lastLoss }),
      ...this.summariseHeldOut(),
    };
  }

  private summariseHeldOut(): JobMetrics {
    const { heldOut, steps } = this.run;
    if (heldOut === undefined) return {};
    return {
      heldOutRows: heldOut.rows.length,
      heldOutLossStart: this.heldOutLosses.get(0)!,
      heldOutLoss: this.heldOutLosses.get(steps)!,
    };
  }

  /** Logs the held-out loss at the end of an epoch, unless an earlier process has. */
  private async evaluate(step: number): Promise<void> {
    const { heldOut, engine, stepsPerEpoch } = this.run;
    if (heldOut === undefined || step % stepsPerEpoch !== 0 || this.heldOutLosses.has(step)) return;
    const beforeBatch = (): Promise<void> => this.yieldIfRequested(step);
    const loss = await scoreHeldOut(heldOut, { engine, events: this.context.events, beforeBatch });
    const values = { [heldOut.metric]: loss, epoch: step / stepsPerEpoch };
    requireFinite(step, values);
    this.heldOutLosses.set(step, loss);
    this.log.append(step, values);
    this.context.events.emit({ event: 'metric', step, values });
  }

  private async call(requests: readonly StepRequest[]): Promise<readonly StepMetrics[]> {
    const startMs = performance.now();
    const metrics = await this.run.engine.steps(requests);
    this.stepsPerCall.record(performance.now() - startMs, requests.length);
    return metrics;
  }

  /** The steps of the next call, at most up to the next checkpoint or evaluation. */
  private nextSteps(done: number): readonly StepRequest[] {
    const { run } = this;
    const limits = [this.context.job.checkpointEverySteps, ...(run.heldOut ? [run.stepsPerEpoch] : [])];
    const count = Math.min(
      this.stepsPerCall.next(),
      run.steps - done,
      ...limits.map((every) => every - (done % every)),
    );
    return Array.from({ length: count }, (_, index) => {
      const step = done + index + 1;
      return { step, rows: run.batchAt(step), learningRate: run.learningRateAt(step) };
    });
  }

  private record({ step, rows, learningRate }: StepRequest, metrics: StepMetrics): void {
    const { run } = this;
    requireFinite(step, metrics);
    run.check?.(step, metrics, rows);
    this.monitorLoss(step, metrics['loss'] ?? 0);
    for (const row of rows) this.tokens += countTokens(row);
    const values = {
      ...metrics,
      learning_rate: learningRate,
      num_tokens: this.tokens,
      epoch: step / run.stepsPerEpoch,
    };
    this.log.append(step, without(values, eventOnly(this.context.job.command)));
    this.context.events.emit({ event: 'metric', step, values });
    this.lastLoss = metrics['loss'];
  }

  private async yieldIfRequested(step: number): Promise<void> {
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

/** Trains to the last step an engine in the state of the resume point. @throws TRAINING_DIVERGED, TRAINER_YIELDED */
export async function train(context: JobContext<TrainingJob>, run: TrainingRun): Promise<JobMetrics> {
  return new TrainingLoop(context, run).train();
}

/** Copies metrics.jsonl into the output. */
export function writeMetrics(job: TrainingJob, output: string): void {
  const source = metricsPath(job);
  writeSynced(join(output, 'metrics.jsonl'), [attempt(source, 'read', () => readFileSync(source))]);
}
