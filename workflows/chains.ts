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
import type { Board } from './board';
import type { Ended } from './ended';
import { summarizeEvaluation } from './evaluation';
import { readFailure } from './failures';
import type { Orchestration } from './orchestration';
import type { Page } from './page';
import type { Carried } from './pages';
import type { Purse } from './purse';
import { createRunner } from './stages';
import type { StagesOptions } from './stages';
import type { Steering } from './steering';

/** What the sweep's functions share. */
export interface Sweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly orchestration: Orchestration;
  readonly carried: Carried | undefined;
  readonly steering: Steering;
  readonly board: Board;
  /** What has been finished in this run, in the order in which it was. */
  readonly finished: StageResult[];
  readonly purse: Purse;
  /** What a search has asked for in this run. */
  readonly rounds: SearchProposal[];
  readonly page: Page;
  /** How cells have ended in earlier runs. */
  readonly ended: Ended;
}

/** What may spend at once: the cells of the window, and the bases beside the first page. */
export const atOnce = ({ plan, carried, steering }: Sweep): number =>
  steering.width + (carried === undefined ? plan.variants.length : 0);

/** Stages that the sweep runs itself, one after another, the last of which evaluates. */
interface ChainPlan extends Pick<StagesOptions, 'resolved'> {
  /** Its name in the purse, in which it has begun. */
  readonly id: string;
  readonly stages: readonly PlannedStage[];
}

/** What the stages of a chain left; `failure` is why there are no more. */
interface Chain {
  readonly stages: readonly StageResult[];
  readonly failure?: FailureReason;
}

export async function runChain(sweep: Sweep, { id, resolved, stages }: ChainPlan): Promise<Chain> {
  const { plan, orchestration, steering, finished, purse } = sweep;
  const run = createRunner({
    ...{ resolved, orchestration, experimentId: plan.sweepId, ...purse.grant(id) },
    runStage: (stage) => steering.runStage(stage),
  });
  const results: StageResult[] = [];
  try {
    for (const stage of stages) {
      const { result } = await run(stage);
      results.push(result);
      finished.push(result);
    }
    purse.end(id, results);
    return { stages: results };
  } catch (error) {
    const { reason, left } = readFailure(error);
    purse.fail(id, left && { ...left, finished: results });
    return { stages: results, failure: reason };
  }
}

/** What the last stage of a whole chain, an evaluation, says. */
export const summarizeChain = ({ stages }: Chain): EvaluationSummary => summarizeEvaluation(stages.at(-1)!);

const outcomeOf = (chain: Chain): BaseOutcome =>
  chain.failure === undefined ? { base: summarizeChain(chain) } : { base: null, baseFailure: chain.failure };

/** The untrained base at every place on the axes, what is one evaluation once. */
export function basesOf({ variants }: SweepPlan): ChainPlan[] {
  const chains = variants.map(({ resolved, base: { reference, evaluation } }) => ({
    ...{ id: evaluation.key, resolved, stages: [reference, evaluation] },
  }));
  return [...new Map(chains.map((chain) => [chain.id, chain])).values()];
}

function runBase(sweep: Sweep, base: ChainPlan): Promise<Chain> {
  sweep.purse.begin(base.id, base.stages, atOnce(sweep));
  return runChain(sweep, base);
}

/** The untrained bases: at the first place on the axes, at every one, and the stages of all. */
interface Bases extends BaseOutcome, Pick<SweepLists, 'baseStages' | 'variants'> {}

/** What the untrained bases leave, and by place on the axes what they say; in the first run alone. */
export async function evaluateBases(sweep: Sweep): Promise<Bases> {
  if (sweep.carried !== undefined) return { ...sweep.carried.base, baseStages: [], variants: [] };
  const { variants } = sweep.plan;
  const running = new Map(basesOf(sweep.plan).map((base) => [base.id, runBase(sweep, base)]));
  const baseStages = (await Promise.all(running.values())).flatMap(({ stages }) => stages);
  const chains = await Promise.all(variants.map(({ base }) => running.get(base.evaluation.key)!));
  const outcomes = chains.map(outcomeOf);
  const places = variants.map(({ coordinates: axes }, at) => {
    const stageKeys = chains[at]!.stages.map(({ key }) => key);
    return { axes, stageKeys, ...outcomes[at]! };
  });
  const [first] = outcomes;
  sweep.board.base(first!.base);
  const hasAxes = sweep.resolved.definition.axes !== undefined;
  return { ...first!, baseStages, variants: hasAxes ? places : [] };
}
