export { planStage, type StageContext } from './define';
export { type AnyUserRules, wrongRules } from './user-kinds';
export { codeFor, sourcesFor } from './code';
export { taskFileDigests, userFileName } from './files';
export { inputDigest, inputDigests, poolSeed, stageKey, stageSeed } from './keys';
export type { StageActivities } from './activities';
export { baseModel, filePaths, outputOf, plainFacts, taskSource } from './parts';
export {
  heldOutSources,
  ownName,
  pinnedSource,
  problemFileName,
  type ProblemSource,
  type QuestionSet,
  questionSets,
} from './question-sets';
export { expectedPairYield, rates } from './rates';
export {
  type CallOf,
  isOfKind,
  labelOf,
  type MakesOf,
  orderKinds,
  rulesOf,
  type SpecOf,
  type StageKind,
  stageKinds,
  type StageOf,
} from './registry';
export type { HeldOutSource, PinnedEvaluation, TaskSource } from './sources';
export type {
  DemonstrationsSpec,
  LabelledPairsSpec,
  PairsSpec,
  RejectionSamplesSpec,
  SampledSpec,
  SamplingSpec,
  UserRowsSpec,
} from './synthesize-data/spec';
export {
  demonstrationPrice,
  pairPrice,
  priceRatioOf,
  type PricePart,
  type RowPrice,
  rowUsd,
} from './synthesize-data/prices';
export { differences, withDifferences } from './differences';
export { describeOtherPrices, describePrice } from './synthesize-data/price-words';
export { atYield, sampledSpecOf } from './synthesize-data/yield';
export { evaluate, isDefinitionsEvaluation, type ScoredModel, scoredModel, testEvaluation } from './evaluate';
export { type MetricsOf, stageFunctions, type StageHost, type Stages } from './functions';
export { type Trace, tracePipeline } from './trace';
export { generationBatchSize, keepCheckpoints } from './resources';
export { countRows, generating, noWork, optimiserSteps, training } from './work';
