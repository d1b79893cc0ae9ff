export { canonicalJson } from './canonical-json';
export { optimiserSteps, type Split, splitBudget } from './counts';
export { digestOf, sha256Hex } from './digest';
export { dependenciesOf, estimateSeconds, estimateStageSeconds, rates } from './estimate';
export {
  annotationUsd,
  expectedCheckerCalls,
  expectedPairYield,
  type Purchase,
  purchaseOf,
  uniquePurchase,
} from './money';
export {
  cellIdOf,
  type CellPlan,
  type CellStages,
  type ControlPlan,
  definitionDigest,
  experimentOf,
  type GridPoint,
  gridOf,
  planBase,
  planCell,
  planControl,
  planSweep,
  sweepIdOf,
  type SweepPlan,
  type UniqueStage,
} from './plan';
export { demonstrationRows, pairPromptRows, permutePool } from './pool';
export {
  baseModel,
  demonstrationsStage,
  evaluateStage,
  type EvaluateStageOptions,
  freezeReferenceStage,
  inputDigest,
  outputOf,
  pairsStage,
  poolSeed,
  type PreferenceStageOptions,
  revisions,
  type SftStageOptions,
  stageKey,
  type StageContext,
  stageSeed,
  trainPreferenceStage,
  trainSftStage,
} from './stages';
