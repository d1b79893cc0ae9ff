import type { SweepResult } from '../contracts/results';
import { uniqueResults, type StageResult } from '../contracts/stage';

/** Every stage of a sweep once. */
export const distinctStages = ({
  baseStages,
  cells,
  controls,
  failedControls,
  tests,
}: SweepResult): StageResult[] =>
  uniqueResults([
    ...baseStages,
    ...[...cells, ...controls, ...failedControls, ...tests].flatMap(({ stages }) => stages),
  ]);
