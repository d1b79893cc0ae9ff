import type { PlannedStage, StageKey } from '../contracts/stage';
import { rates } from '../stages/rates';

/** Estimated seconds of one stage on one device slot. */
export function estimateStageSeconds({ work }: PlannedStage): number {
  return rates.stageOverhead + work.tokens / work.perSecond;
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
 */
export function estimateSeconds(stages: readonly PlannedStage[], slots: number): number {
  const free = Array.from({ length: Math.max(1, slots) }, () => 0);
  const ends = new Map<StageKey, number>();
  for (const stage of stages) {
    const ready = Math.max(0, ...dependenciesOf(stage).map((key) => ends.get(key) ?? 0));
    const slot = free.indexOf(Math.min(...free));
    const end = Math.max(ready, free[slot] ?? 0) + estimateStageSeconds(stage);
    free[slot] = end;
    ends.set(stage.key, end);
  }
  return Math.max(0, ...ends.values());
}
