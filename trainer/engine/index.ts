export { createTrainEngine } from './train-engine';
export {
  isUnpaired,
  maxSequenceLength,
  promptTokens,
  countSupervised,
  sequencesOf,
  supervisedTokens,
  countTokens,
} from './batches';
export { createExternalDataFile } from './external-data';
export { createGenerator } from './generator';
export { createScorer } from './scorer';
export { initLora, initWeights } from '../model/initialise';
export { mergeLora } from '../model/merge';
export type {
  EngineOptions,
  GraphProfile,
  TrainState,
  StepMetrics,
  StepRequest,
  TrainEngine,
  GeneratorOptions,
  GenerationRequest,
  Generation,
  Generator,
  Scorer,
} from './types';
