import type { SweepResult } from '../contracts/results';
import { uniqueResults, type StageResult } from '../contracts/stage';

/** Every stage of a sweep once. */
export const distinctStages = ({ baseStages, cells, controls, failedControls }: SweepResult): StageResult[] =>
  uniqueResults([
    ...baseStages,
    ...[...cells, ...controls, ...failedControls].flatMap(({ stages }) => stages),
  ]);
