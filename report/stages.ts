import type { SweepResult } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

/** Every stage once, however many cells share it; the result that ran it stands for the cached ones. */
export function onceEach(stages: readonly StageResult[]): StageResult[] {
  const byKey = new Map<string, StageResult>();
  for (const stage of stages) {
    const known = byKey.get(stage.key);
    if (known === undefined || (known.cached && !stage.cached)) byKey.set(stage.key, stage);
  }
  return [...byKey.values()];
}

/** Every stage of a sweep once. */
export const distinctStages = ({ baseStages, cells, controls }: SweepResult): StageResult[] =>
  onceEach([...baseStages, ...[...cells, ...controls].flatMap(({ stages }) => stages)]);
