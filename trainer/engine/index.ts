export { createTrainEngine } from './train-engine';
export { positionsOf } from './batches';
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
  Objective,
  EngineOptions,
  TrainState,
  StepFigures,
  TrainEngine,
  GeneratorOptions,
  GenerationRequest,
  Generation,
  Generator,
  Scorer,
  Engine,
} from './types';
