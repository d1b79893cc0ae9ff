export { canonicalJson } from './canonical-json';
export { optimiserSteps, type Split, splitBudget } from './counts';
export { detectableDifference } from './detectable';
export { digestOf, sha256Hex } from './digest';
export {
  dependenciesOf,
  estimateSeconds,
  estimateStageSeconds,
  estimateStageTokens,
  rates,
} from './estimate';
export {
  annotationUsd,
  expectedVerifierCalls,
  expectedPairYield,
  type Purchase,
  purchaseOf,
  rowPrice,
  uniquePurchase,
  usdTolerance,
} from './money';
export { type BasePlan, type CellPlan, type CellStages, planBase, planCell } from './cell';
export {
  annotationCosts,
  type BoughtRows,
  buyRows,
  sftFractionOf,
  type UnitCosts,
  unitCosts,
} from './budget';
export { evaluationFlops, pairFlops, sftRowFlops } from './flops';
export { type ControlPlan, countControls, type PlannedControls, planControls } from './controls';
export { userFileName, type UserRowsPlace, orderUserRows, sharedPrompts } from './user-rows';
export { cellIdOf, coordinatesSlug, definitionDigest, type GridPoint, sweepIdOf } from './identity';
export { isOneModel, planSweep, type SweepPlan, type UniqueStage, type VariantPlan } from './plan';
export {
  ownName,
  pinnedSource,
  problemFileName,
  type ProblemSource,
  type QuestionSet,
  questionSets,
} from './question-sets';
export { demonstrationRows, pairPromptRows, permutePool } from './pool';
export { cellAttributes, indexedText, sweepAttributes } from './search-attributes';
export { type PaidStage, paidStagesOf, spentUsd } from './spend';
export { splitResult, type VariantResult } from './split-result';
export {
  baseModel,
  demonstrationsStage,
  evaluateStage,
  type EvaluateStageOptions,
  freezeReferenceStage,
  inputDigest,
  inputDigests,
  outputOf,
  pairsStage,
  poolSeed,
  rejectionSamplesStage,
  type PreferenceStageOptions,
  revisions,
  type SftStageOptions,
  stageKey,
  type StageContext,
  stageSeed,
  trainPreferenceStage,
  trainSftStage,
} from './stages';
export {
  applyChanges,
  axisValues,
  experimentOf,
  gridOf,
  resolvedVariants,
  type Variant,
  variantsOf,
} from './variants';
