export { createTrainEngine } from './train-engine';
export { isUnpaired, longestOf, promptTokens, sequencesOf, supervisedTokens, tokensIn } from './batches';
export { needsReference } from './packing';
export { createConstantsFile } from './constants-file';
export { createGenerator } from './generator';
export { createScorer } from './scorer';
export { initLora, initWeights } from '../model/initialise';
export { mergeLora } from '../model/merge';
export type {
  Tensor,
  Weights,
  ModelConfig,
  LinearModule,
  LoraShape,
  OptimizerShape,
  SequenceRow,
  PairRow,
  UnpairedRow,
  TrainRow,
  Objective,
  EngineOptions,
  GraphProfile,
  TrainState,
  StepFigures,
  StepRequest,
  TrainEngine,
  GeneratorOptions,
  GenerationRequest,
  Generation,
  Generator,
  Scorer,
  Engine,
} from './types';
