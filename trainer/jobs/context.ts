import type { TrainerJob } from '../../schemas/trainer-job';
import type { Semantics } from '../checkpoints/semantics';
import type { GraphProfile } from '../engine/types';
import type { EventSink } from '../protocol/events';
import type { StopSignal } from '../protocol/stop';

/** What every command works with. */
export interface JobContext<J extends TrainerJob = TrainerJob> {
  readonly job: J;
  readonly semantics: Semantics;
  readonly events: EventSink;
  readonly stop: StopSignal;
  /** How its graphs are made; one for all of them, since they share what lies outside of them. */
  readonly profile: GraphProfile;
  /** A warning event. */
  readonly warn: (code: string, message: string) => void;
}

/** Small figures for the result event: rows, steps, tokens, final loss. */
export type JobFigures = Readonly<Record<string, number>>;

/** A job whose resume point is known. */
export interface PreparedJob {
  /** Steps or batches that earlier processes did. */
  readonly resumedFromStep: number;
  /** Does the work and writes its files into `output`. */
  run(output: string): Promise<JobFigures>;
}

/** One command of the executable. */
export interface Command<J extends TrainerJob> {
  /** For every field that is a path: the digests of what is there. */
  describeInputs(job: J): Promise<Readonly<Record<string, unknown>>>;
  prepare(context: JobContext<J>): Promise<PreparedJob>;
  /** It runs no graph: the host computes, whatever device the plan names. */
  readonly onHost?: true;
}
