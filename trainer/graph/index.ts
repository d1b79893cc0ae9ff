export * as ops from './ops';
export { differentiate, type GradientOptions } from './differentiate';
export { lower, type LoweredModel, type LowerOptions, type Precision } from './lower';
export { writtenBytes, writtenLength, type ExternalPlace, type TensorContent } from './onnx-proto';
export { growing, type DType, type Shape, type TensorType, type Value } from './primitives';
export { endsOf, nameInTurn, overTurns, turnCount, type Carried } from './repeat';
export { logitSlopes, mapChunks, type Chunks } from './chunks';
export { sizeOf } from './shapes';
