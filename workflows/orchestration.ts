/** How a workflow runs its stages; nothing of it enters a key. */
export interface Orchestration {
  /** Seconds without a heartbeat after which an attempt counts as lost: 15 embedded, 60 to 120 on fleets. */
  readonly heartbeatSeconds: number;
  /** Cells that a sweep has running at once. */
  readonly window: number;
  /** Cells after which a sweep goes on in a new run, with a history of its own; a run's history is bounded. */
  readonly pageSize: number;
}

export const defaultOrchestration: Orchestration = { heartbeatSeconds: 15, window: 6, pageSize: 300 };
