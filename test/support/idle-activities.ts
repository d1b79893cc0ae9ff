import { setTimeout as sleep } from 'node:timers/promises';
import type { Activities } from '../../activities';
import { type PlannedStage, type StageCost, type StageResult } from '../../contracts/stage';
import { listPricesOf, makesRows, newRows, type Span, spanOf } from '../../planning';
import { type StageKind, stageKinds } from '../../stages';
import { type StageRequest } from '../../contracts/activities';

const noCost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };

/** Activities that do nothing, for tests of workflows and queues; each stage takes `stageMs`. */
export function createIdleActivities(options: {
  readonly stageMs: number;
  readonly onStage: (experimentId: string, stage: PlannedStage) => void;
  /** Further metrics of a stage. Default: none. */
  readonly metricsOf?: (stage: PlannedStage) => StageResult['metrics'];
  /** Further costs of a stage. Default: none. */
  readonly costOf?: (stage: PlannedStage) => Partial<StageCost>;
}): Activities {
  const costFor = (stage: PlannedStage): StageCost => ({ ...noCost, ...options.costOf?.(stage) });
  const bought = new Map<string, Span[]>();
  /** Rows are bought once, as by real stages. */
  const buyRows = ({ stage, prices }: StageRequest): number | undefined => {
    if (!makesRows(stage)) return undefined;
    const [nest, span] = [stage.nest, spanOf(stage.rows)];
    const before = bought.get(nest) ?? [];
    bought.set(nest, [...before, span]);
    return newRows(span, before) * listPricesOf(stage, prices).rowUsd;
  };
  const runStage = async (request: StageRequest): Promise<StageResult> => {
    const { stage, experimentId, prices } = request;
    await sleep(options.stageMs);
    options.onStage(experimentId, stage);
    const { key, kind, makes, title } = stage;
    const cost = costFor(stage);
    const rowsUsd = buyRows(request);
    const usd = (rowsUsd ?? 0) + cost.verifierCalls * listPricesOf(stage, prices).callUsd;
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
      cost,
      usd,
      rowsUsd,
    };
  };
  const stages = Object.fromEntries(Object.keys(stageKinds).map((kind) => [kind, runStage]));
  return {
    ...(stages as Pick<Activities, StageKind>),
    runUserStage: runStage,
    answer: () => Promise.resolve(),
    openExperiment: () => Promise.resolve({ head: '', searchable: false }),
    recordStages: () => Promise.resolve(null),
    recordSteering: () => Promise.resolve(''),
    storeDocument: () => Promise.resolve('0'.repeat(64)),
    finalizeExperiment: () => Promise.resolve({ head: '0'.repeat(64), lines: 0 }),
    cancelRun: () => Promise.resolve(),
  };
}
