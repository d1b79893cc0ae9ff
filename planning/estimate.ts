import type { PlannedStage, StageKey } from '../contracts/stage';
import { expectedPairYield } from './money';
import { questionSets } from './question-sets';

/**
 * Assumed rates of one device slot (one thread) on the embedded default: token rates of the PyTorch experiment behind its
 * recipe, and the target for a stage's start. Only the order of cells and the times of a plan depend on them.
 */
export const rates = {
  /** Seconds from spawn to first step, and for reading and publishing. */
  stageOverhead: 1,
  /** Tokens of prompt and completion a second. */
  sftTokensPerSecond: 10000,
  /** Tokens of prompt and answer a second; chosen and rejected both count. */
  preferenceTokensPerSecond: 8500,
  /** New tokens a second, over a full batch. */
  generatedTokensPerSecond: 4000,
  /** Mean length of a row as a fraction of maxLength. */
  meanRowLength: 0.57,
  /** Mean length of an answer as a fraction of maxNewTokens. */
  meanAnswerLength: 0.65,
} as const;

/** Returns the number of rows of a data stage. */
type RowsOf = (key: StageKey) => number;

function dataRows(stage: PlannedStage, rowsOf: RowsOf): number {
  const { data } = stage.inputs;
  return data !== undefined && 'stage' in data ? rowsOf(data.stage) : 0;
}

/** Tokens that a stage computes, and its rate. */
interface Work {
  readonly tokens: number;
  readonly perSecond: number;
}

const nothing: Work = { tokens: 0, perSecond: 1 };

const generating = (answers: number, maxNewTokens: number): Work => ({
  tokens: answers * maxNewTokens * rates.meanAnswerLength,
  perSecond: rates.generatedTokensPerSecond,
});

/** The sum of work at one rate. */
const sumOf = (parts: readonly Work[]): Work => ({
  ...nothing,
  ...parts[0],
  tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
});

function workOf(stage: PlannedStage, rowsOf: RowsOf): Work {
  const { spec } = stage;
  switch (spec.kind) {
    case 'synthesizeData': {
      if (!('pairs' in spec)) return nothing;
      const { candidates, maxNewTokens } = spec.pairs;
      return generating((spec.rows / expectedPairYield) * candidates, maxNewTokens);
    }
    case 'freezeReference':
      return nothing;
    case 'evaluate':
      return sumOf(questionSets(spec).map(({ items, maxNewTokens }) => generating(items, maxNewTokens)));
    case 'trainSft':
    case 'trainPreference': {
      const { maxLength, epochs } = spec.training;
      const sequences = dataRows(stage, rowsOf) * epochs * (spec.kind === 'trainSft' ? 1 : 2);
      const perSecond = spec.kind === 'trainSft' ? rates.sftTokensPerSecond : rates.preferenceTokensPerSecond;
      return { tokens: sequences * maxLength * rates.meanRowLength, perSecond };
    }
  }
}

function estimateWork(stage: PlannedStage, stages: readonly PlannedStage[]): Work {
  const rowsOf: RowsOf = (key) => {
    const data = stages.find((other) => other.key === key);
    return data?.spec.kind === 'synthesizeData' ? data.spec.rows : 0;
  };
  return workOf(stage, rowsOf);
}

/** Estimated tokens that one stage trains on or generates. */
export function estimateStageTokens(stage: PlannedStage, stages: readonly PlannedStage[]): number {
  return estimateWork(stage, stages).tokens;
}

/** Estimated seconds of one stage on one device slot. */
export function estimateStageSeconds(stage: PlannedStage, stages: readonly PlannedStage[]): number {
  const { tokens, perSecond } = estimateWork(stage, stages);
  return rates.stageOverhead + tokens / perSecond;
}

/** Keys of the stages whose artifacts a stage reads. */
export function dependenciesOf(stage: PlannedStage): StageKey[] {
  return Object.values(stage.inputs).flatMap((input) => ('stage' in input ? [input.stage] : []));
}

/**
 * Estimated seconds for stages on a number of slots. Stages start in the given order, as soon as their inputs are ready
 * and a slot is free.
 *
 * @param stages every stage once, inputs before their readers
 * @param among all stages whose data these may read, finished or not. Default: `stages`
 */
export function estimateSeconds(
  stages: readonly PlannedStage[],
  slots: number,
  among: readonly PlannedStage[] = stages,
): number {
  const free = Array.from({ length: Math.max(1, slots) }, () => 0);
  const ends = new Map<StageKey, number>();
  for (const stage of stages) {
    const ready = Math.max(0, ...dependenciesOf(stage).map((key) => ends.get(key) ?? 0));
    const slot = free.indexOf(Math.min(...free));
    const end = Math.max(ready, free[slot] ?? 0) + estimateStageSeconds(stage, among);
    free[slot] = end;
    ends.set(stage.key, end);
  }
  return Math.max(0, ...ends.values());
}
