import type { Context } from '@temporalio/activity';
import type { Outage, StageProgress } from '../contracts/activities';
import type { PlannedStage } from '../contracts/stage';
import { BudgetlineError, defaultOutageHours, type FailureCode, failures, isOutage } from '../core/failures';
import { startingProgress } from './starting-progress';

const hourMs = 3_600_000;

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The failure of a stage that has waited long enough. */
function outlasted(
  { code, message, details }: BudgetlineError,
  { sinceMs }: Outage,
  hours: number,
): BudgetlineError {
  return new BudgetlineError(
    'RETRIES_SPENT',
    `${code} since ${timeOf(sinceMs)}, and ${hours} hours (execution.outageHours) are waited for it to end. ${message}`,
    { remedy: failures[code].remedy, details: { ...details, lastCode: code } },
  );
}

/** A failed attempt. */
interface Ended {
  readonly error: BudgetlineError;
  /** For outages: a quarter of the time waited so far, from two seconds to five minutes. */
  readonly lookAgainSeconds?: number;
}

/**
 * What an activity waits for that is outside of it: a disk, a store, an endpoint. The next attempt learns of it
 * from Temporal's heartbeat details: a full disk takes no ledger line.
 */
export class OutageWatch {
  readonly #earlier: Outage | undefined;
  #step = 0;

  constructor(
    private readonly context: Context,
    private readonly outageHours = defaultOutageHours,
  ) {
    this.#earlier = (context.info.heartbeatDetails as StageProgress | undefined)?.outage;
  }

  /** The outage that the attempts before this one met; undefined once this one got further than they did. */
  get current(): Outage | undefined {
    return this.#earlier !== undefined && this.#step <= this.#earlier.step ? this.#earlier : undefined;
  }

  /** The attempt has finished a step. */
  reached(step: number): void {
    this.#step = Math.max(this.#step, step);
  }

  /**
   * How this attempt failed, and when to look again. An outage leaves its begin in the heartbeat for the next attempt; after
   * `outageHours` the failure is final.
   */
  end(error: BudgetlineError, stage: PlannedStage): Ended {
    if (!isOutage(error.code)) return { error };
    const { current } = this;
    const outage = current?.code === error.code ? current : this.#begin(error.code);
    const waitedMs = Date.now() - outage.sinceMs;
    if (waitedMs > this.outageHours * hourMs) return { error: outlasted(error, outage, this.outageHours) };
    this.context.heartbeat({ ...startingProgress(stage), outage } satisfies StageProgress);
    return { error, lookAgainSeconds: Math.round(Math.min(300, Math.max(2, waitedMs / 4000))) };
  }

  #begin(code: FailureCode): Outage {
    return { code, sinceMs: Date.now(), step: this.#step };
  }
}
