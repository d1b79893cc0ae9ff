export * as ops from './ops';
export { differentiate, type GradientOptions } from './differentiate';
export { lower, type LoweredModel, type LowerOptions, type Precision } from './lower';
export { encodedBytes, encodedLength, type ExternalData, type TensorContent } from './onnx-proto';
export { dynamic, type DType, type Segments, type Shape, type TensorType, type Value } from './primitives';
export { offsetsOf, iterationName, scanName, iterationCount, type Carry } from './scan';
export { logitGradients, mapChunks, type Chunks } from './chunks';
export { sizeOf } from './shapes';
