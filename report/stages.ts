import type { SweepResult } from '../contracts/results';
import { onceEach, type StageResult } from '../contracts/stage';

/** Every stage of a sweep once. */
export const distinctStages = ({ baseStages, cells, controls, failedControls }: SweepResult): StageResult[] =>
  onceEach([...baseStages, ...[...cells, ...controls, ...failedControls].flatMap(({ stages }) => stages)]);
