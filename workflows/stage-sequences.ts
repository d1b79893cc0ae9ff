import type { ResolvedSweep } from '../contracts/resolved';
import type {
  BaseOutcome,
  EvaluationSummary,
  FailureReason,
  SearchProposal,
  SweepLists,
} from '../contracts/results';
import type { PlannedStage, StageResult } from '../contracts/stage';
import type { SweepPlan } from '../planning/plan';
import type { ProgressTracker } from './progress-tracker';
import type { CellScores } from './cell-scores';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import type { Orchestration } from './orchestration';
import type { ContinueAsNewState, RunQuota } from './continue-as-new';
import type { SpendTracker } from './spend-tracker';
import { createRunner } from './stages';
import type { StagesOptions } from './stages';
import type { Steering } from './steering';

/** State that the sweep's functions share. */
export interface Sweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
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
}

/** Work that may spend at once: running cells, and in the first run the base evaluations. */
export const concurrentSpenders = ({ plan, previous, steering }: Sweep): number =>
  steering.concurrency + (previous === undefined ? plan.variants.length : 0);

/** Stages that the sweep runs itself, one after another; the last is an evaluation. */
interface SequencePlan extends Pick<StagesOptions, 'resolved'> {
  /** Its id in the spend tracker, which has admitted it. */
  readonly id: string;
  readonly stages: readonly PlannedStage[];
}

/** Results of the stages; `failure` says why the sequence stopped early. */
interface Sequence {
  readonly stages: readonly StageResult[];
  readonly failure?: FailureReason;
}

export async function runSequence(sweep: Sweep, { id, resolved, stages }: SequencePlan): Promise<Sequence> {
  const { plan, orchestration, steering, finished, spend } = sweep;
  const run = createRunner({
    resolved,
    orchestration,
    experimentId: plan.sweepId,
    ...spend.grant(id),
    runStage: (stage) => steering.runStage(stage),
  });
  const results: StageResult[] = [];
  try {
    for (const stage of stages) {
      const result = await run(stage);
      results.push(result);
      finished.push(result);
    }
    spend.settle(id, results);
    return { stages: results };
  } catch (error) {
    const { reason, spent } = readFailure(error);
    spend.writeOff(id, spent && { ...spent, finished: results });
    return { stages: results, failure: reason };
  }
}

/** The evaluation at the end of a complete sequence. */
export const summarizeSequence = ({ stages }: Sequence): EvaluationSummary =>
  summarizeEvaluation(stages.at(-1)!);

const outcomeOf = (sequence: Sequence): BaseOutcome =>
  sequence.failure === undefined
    ? { base: summarizeSequence(sequence) }
    : { base: null, baseFailure: sequence.failure };

/** The base evaluation of every place on the axes. Places with an equal evaluation share one. */
export function basesOf({ variants }: SweepPlan): SequencePlan[] {
  const sequences = variants.map(({ resolved, base: { stages, evaluation } }) => ({
    id: evaluation.key,
    resolved,
    stages,
  }));
  return [...new Map(sequences.map((sequence) => [sequence.id, sequence])).values()];
}

function runBase(sweep: Sweep, base: SequencePlan): Promise<Sequence> {
  sweep.spend.admit(base.id, base.stages, concurrentSpenders(sweep));
  return runSequence(sweep, base);
}

/** Base evaluations: of the first place on the axes, of every place, and all their stages. */
interface Bases extends BaseOutcome, Pick<SweepLists, 'baseStages' | 'variants'> {}

/** Evaluates the base models. Only in the first run of a sweep; later runs get the result passed on. */
export async function evaluateBases(sweep: Sweep): Promise<Bases> {
  if (sweep.previous !== undefined) return { ...sweep.previous.base, baseStages: [], variants: [] };
  const { variants } = sweep.plan;
  const running = new Map(basesOf(sweep.plan).map((base) => [base.id, runBase(sweep, base)]));
  const baseStages = (await Promise.all(running.values())).flatMap(({ stages }) => stages);
  const sequences = await Promise.all(variants.map(({ base }) => running.get(base.evaluation.key)!));
  const outcomes = sequences.map(outcomeOf);
  const places = variants.map(({ coordinates: axes }, at) => {
    const stageKeys = sequences[at]!.stages.map(({ key }) => key);
    return { axes, stageKeys, ...outcomes[at]! };
  });
  const [first] = outcomes;
  sweep.progress.setBase(first!.base);
  const hasAxes = sweep.resolved.definition.axes !== undefined;
  return { ...first!, baseStages, variants: hasAxes ? places : [] };
}
