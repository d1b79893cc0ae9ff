import type { SweepResult } from '../contracts/results';
import { uniqueResults, type StageResult } from '../contracts/stage';

/** The result of every request of a sweep; stages that cells share are in several. */
export const allResults = ({
  baseStages,
  cells,
  controls,
  failedControls,
  tests,
}: SweepResult): StageResult[] => [
  ...baseStages,
  ...[...cells, ...controls, ...failedControls, ...tests].flatMap(({ stages }) => stages),
];

/** Every stage of a sweep once. */
export const distinctStages = (result: SweepResult): StageResult[] => uniqueResults(allResults(result));
