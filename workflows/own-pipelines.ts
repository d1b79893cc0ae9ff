import type { ResolvedSweep } from '../contracts/resolved';
import type {
  BaseOutcome,
  EvaluationSummary,
  FailureReason,
  SearchProposal,
  SweepLists,
} from '../contracts/results';
import type { StageResult } from '../contracts/stage';
import { nameUsd } from '../core/money';
import type { PlannedPipeline } from '../planning/planned-pipeline';
import type { SweepPlan } from '../planning/plan';
import type { ScoredModel } from '../stages/evaluate';
import type { ProgressTracker } from './progress-tracker';
import type { CellScores } from './cell-scores';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import type { Orchestration } from './orchestration';
import type { ContinueAsNewState, RunQuota } from './continue-as-new';
import type { SpendTracker } from './spend-tracker';
import { PipelineRun } from './pipeline-run';
import type { Steering } from './steering';

/** State that the sweep's functions share. */
export interface Sweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  /** The id of its ledger. */
  readonly experimentId: string;
  readonly orchestration: Orchestration;
  readonly previous: ContinueAsNewState | undefined;
  readonly steering: Steering;
  readonly progress: ProgressTracker;
  /** Stages that this run has finished, in that order. */
  readonly finished: StageResult[];
  readonly spend: SpendTracker;
  /** Proposals of the search in this run. */
  readonly rounds: SearchProposal[];
  readonly quota: RunQuota;
  /** Scores of the cells of earlier runs. */
  readonly cellScores: CellScores;
  /** Models of finished cells whose plans do not know which evaluation scores them, by cell id. */
  readonly decided: Map<string, ScoredModel>;
}

export function spendLimitReached({ spend, resolved }: Sweep): FailureReason {
  const limit = nameUsd(resolved.definition.spendLimitUsd ?? 0);
  const message = `Not started: ${nameUsd(spend.record.usd)} spent plus the running work could have exceeded the limit of ${limit}.`;
  return { code: 'SPEND_LIMIT', message };
}

/** Work that may spend at once: running cells, and in the first run the base evaluations. */
export const concurrentSpenders = ({ plan, previous, steering }: Sweep): number =>
  steering.concurrency + (previous === undefined ? plan.variants.length : 0);

/** A pipeline that the sweep runs itself: of a base model, or of a control. */
interface OwnPipeline {
  /** Its id in the spend tracker, which has admitted it. */
  readonly id: string;
  readonly planned: PlannedPipeline;
}

/** Its evaluation, or why it has none. */
type Outcome = { readonly evaluation: EvaluationSummary } | { readonly failure: FailureReason };

/** What it ran, and how it ended. */
export type Ended = Outcome & { readonly stages: readonly StageResult[] };

/** Runs a pipeline in the sweep's own workflow. */
export async function runOwn(sweep: Sweep, { id, planned }: OwnPipeline): Promise<Ended> {
  const { experimentId, orchestration, steering, finished, spend } = sweep;
  const run = new PipelineRun(planned, {
    orchestration,
    experimentId,
    ...spend.grant(id),
    runStage: (stage) => steering.runStage(stage),
    onStage: (_, state) => {
      if (typeof state !== 'string') finished.push(state);
    },
  });
  try {
    const { results, evaluation } = await run.run();
    spend.settle(id, results, run);
    return { stages: results, evaluation: summarizeEvaluation(evaluation) };
  } catch (error) {
    const { reason } = readFailure(error);
    spend.writeOff(id, run.spent);
    return { stages: run.finished, failure: reason };
  }
}

const outcomeOf = (ended: Ended): BaseOutcome =>
  'evaluation' in ended ? { base: ended.evaluation } : { base: null, baseFailure: ended.failure };

const idOfBase = ({ stages }: PlannedPipeline): string => stages.at(-1)!.key;

/** The base evaluation of every place on the axes. Places with an equal evaluation share one. */
export function basesOf({ variants }: SweepPlan): OwnPipeline[] {
  const bases = variants.map(({ base: planned }) => ({ id: idOfBase(planned), planned }));
  return [...new Map(bases.map((base) => [base.id, base])).values()];
}

function runBase(sweep: Sweep, base: OwnPipeline): Promise<Ended> {
  sweep.spend.admit(base.id, base.planned.stages, concurrentSpenders(sweep));
  return runOwn(sweep, base);
}

/** Base evaluations: of the first place on the axes, of every place, and all their stages. */
interface Bases extends BaseOutcome, Pick<SweepLists, 'baseStages' | 'variants'> {}

/** Evaluates the base models. Only in the first run of a sweep; later runs get the result passed on. */
export async function evaluateBases(sweep: Sweep): Promise<Bases> {
  if (sweep.previous !== undefined) return { ...sweep.previous.base, baseStages: [], variants: [] };
  const { variants } = sweep.plan;
  const running = new Map(basesOf(sweep.plan).map((base) => [base.id, runBase(sweep, base)]));
  const baseStages = (await Promise.all(running.values())).flatMap(({ stages }) => stages);
  const ended = await Promise.all(variants.map(({ base }) => running.get(idOfBase(base))!));
  const outcomes = ended.map(outcomeOf);
  const places = variants.map(({ coordinates: axes }, at) => {
    const stageKeys = ended[at]!.stages.map(({ key }) => key);
    return { axes, stageKeys, ...outcomes[at]! };
  });
  const [first] = outcomes;
  sweep.progress.setBase(first!.base);
  const hasAxes = sweep.resolved.definition.axes !== undefined;
  return { ...first!, baseStages, variants: hasAxes ? places : [] };
}
