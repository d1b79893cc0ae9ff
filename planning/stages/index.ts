/** Planned stages of a pipeline, each with its key. */
export { demonstrationsStage, pairsStage, rejectionSamplesStage } from './datasets';
export { evaluateStage, type EvaluateStageOptions } from './evaluation';
export { inputDigest, inputDigests, poolSeed, revisions, stageKey, stageSeed } from './keys';
export { baseModel, outputOf, type StageContext } from './parts';
export {
  freezeReferenceStage,
  type PreferenceStageOptions,
  type SftStageOptions,
  trainPreferenceStage,
  trainSftStage,
} from './training';
