export { listDevices, requireCuda } from './cuda';
export {
  openSession,
  type BufferData,
  type BufferTensor,
  type Session,
  type SessionOptions,
} from './session';
