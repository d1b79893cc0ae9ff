export { type Split, splitBudget } from './counts';
export { detectableDifference } from './detectable';
export { dependenciesOf, estimateSeconds, estimateStageSeconds } from './estimate';
export {
  asMade,
  countRows,
  labelsUsd,
  type ListPrices,
  listPricesOf,
  listPriceUsd,
  makesRows,
  newRows,
  type Purchase,
  type RowsStage,
  type Span,
  spanOf,
  uniquePurchase,
  usdTolerance,
} from './money';
export { type CellPlan, identifyCell, planBase, planCell } from './cell';
export type { PlannedPipeline } from './planned-pipeline';
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
export { type UserRowsPlace, orderUserRows, sharedPrompts } from './user-rows';
export { assertRepeatable, tracedDigest } from './repeatable';
export {
  cellIdOf,
  coordinatesSlug,
  definitionDigest,
  experimentIdOf,
  type GridPoint,
  sweepIdOf,
} from './identity';
export { isOneModel, planGrid, type SweepPlan, type UniqueStage, type VariantPlan } from './plan';
export { demonstrationRows, pairPromptRows, permutePool } from './pool';
export { type Expected, type Grant, Purchases, type PurchasesOptions } from './purchases';
export { type Budget, budgetOf } from './row-budget';
export { cellAttributes, indexedText, sweepAttributes, workflowAttributes } from './search-attributes';
export { splitResult, type VariantResult } from './split-result';
export { estimateTests, planBaseTest, planTest, testIdOf, type TestPlan } from './tests';
export {
  applyChanges,
  axisValues,
  experimentOf,
  gridOf,
  type ResolvedVariant,
  resolvedVariants,
  type Variant,
  variantsOf,
} from './variants';
export { membersAt, membersOf, workflowQueue } from './members';
