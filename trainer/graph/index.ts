export * as ops from './ops';
export { differentiate } from './differentiate';
export { lower, type LoweredModel } from './lower';
export { growing, type DType, type Shape, type TensorType, type Value } from './primitives';
export { sizeOf } from './shapes';
