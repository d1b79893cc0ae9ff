import type { TrainerJob } from '../../schemas/trainer-job';
import type { Semantics } from '../checkpoints/semantics';
import type { GraphProfile } from '../engine/types';
import type { ModelFamily } from '../families/define';
import type { EventSink } from '../protocol/events';
import type { StopSignal } from '../protocol/stop';

/** Everything that a command works with. */
export interface JobContext<J extends TrainerJob = TrainerJob> {
  readonly job: J;
  readonly semantics: Semantics;
  readonly events: EventSink;
  readonly stop: StopSignal;
  /** How graphs are made. One per job, since its graphs share the external data. */
  readonly profile: GraphProfile;
  /** The user's model family. null: none. */
  readonly family: ModelFamily | null;
  /** Sends a warning event. */
  readonly warn: (code: string, message: string) => void;
}

/** `metrics` of the result event: rows, steps, tokens, final loss. */
export type JobMetrics = Readonly<Record<string, number>>;

/** A job whose resume point is known. */
export interface PreparedJob {
  /** Steps or batches that earlier processes finished. */
  readonly resumedFromStep: number;
  /** Does the work and writes its files into `output`. */
  run(output: string): Promise<JobMetrics>;
}

/** One command of the executable. */
export interface Command<J extends TrainerJob> {
  /** Content digests for every field that is a path. */
  describeInputs(job: J): Promise<Readonly<Record<string, unknown>>>;
  prepare(context: JobContext<J>): Promise<PreparedJob>;
  /** Runs no graph: computes on the host, whatever the plan's device. */
  readonly hostOnly?: true;
}
