import { setTimeout as sleep } from 'node:timers/promises';
import type { Activities } from '../../activities';
import { type PlannedStage, type StageCost, type StageResult } from '../../contracts/stage';
import { type StageKind, stageKinds } from '../../stages';
import { type StageRequest } from '../../contracts/activities';

const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };

/** Activities that do nothing, for tests of workflows and queues; each stage takes `stageMs`. */
export function createIdleActivities(options: {
  readonly stageMs: number;
  readonly onStage: (experimentId: string, stage: PlannedStage) => void;
  /** Further metrics of a stage. Default: none. */
  readonly metricsOf?: (stage: PlannedStage) => StageResult['metrics'];
  /** Further costs of a stage. Default: none. */
  readonly costOf?: (stage: PlannedStage) => Partial<StageCost>;
}): Activities {
  const costFor = (stage: PlannedStage): StageCost => ({ ...cost, ...options.costOf?.(stage) });
  const runStage = async ({ stage, experimentId }: StageRequest): Promise<StageResult> => {
    await sleep(options.stageMs);
    options.onStage(experimentId, stage);
    const { key, kind, makes, title } = stage;
    const metrics = { items: 1, score: 0.5, ...options.metricsOf?.(stage) };
    return {
      key,
      kind,
      makes,
      title,
      digest: key,
      cached: false,
      ledgerHead: null,
      metrics,
      cost: costFor(stage),
    };
  };
  const stages = Object.fromEntries(Object.keys(stageKinds).map((kind) => [kind, runStage]));
  return {
    ...(stages as Pick<Activities, StageKind>),
    runUserStage: runStage,
    answer: () => Promise.resolve(),
    openExperiment: () => Promise.resolve(''),
    recordStages: () => Promise.resolve(null),
    recordSteering: () => Promise.resolve(''),
    storeDocument: () => Promise.resolve('0'.repeat(64)),
    finalizeExperiment: () => Promise.resolve({ head: '0'.repeat(64), lines: 0 }),
    cancelRun: () => Promise.resolve(),
  };
}
