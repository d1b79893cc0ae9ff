export { listDevices, requireCuda } from './cuda';
export { openSession, type BufferTensor, type Session, type SessionOptions } from './session';
