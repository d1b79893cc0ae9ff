/** Settings of how a workflow runs its stages. None of them is part of a stage key. */
export interface Orchestration {
  /**
   * Seconds without a heartbeat after which an attempt counts as lost. Use 15 on one machine, 60 to 120 on
   * clusters.
   */
  readonly heartbeatSeconds: number;
  /** Cells of a sweep that run at once. */
  readonly maxConcurrentCells: number;
  /** Cells per workflow run. After that many, a sweep continues as new, because a run's history is bounded. */
  readonly maxCellsPerRun: number;
}

export const defaultOrchestration: Orchestration = {
  heartbeatSeconds: 15,
  maxConcurrentCells: 6,
  maxCellsPerRun: 300,
};
