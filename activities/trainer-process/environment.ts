import { childEnvironment } from '../../host/child-environment';

/** Where a trainer finds its libraries and devices. */
const libraries = [
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_HOME',
  'CUDA_DEVICE_ORDER',
  'NVIDIA_VISIBLE_DEVICES',
] as const;

/** A trainer's environment: the allowed variables, those of the protocol and those of its device. */
export function trainerEnvironment(
  worker: NodeJS.ProcessEnv,
  device: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    ...childEnvironment(worker, libraries),
    ...device,
    BUDGETLINE_EVENTS_FD: '3',
    BUDGETLINE_KEEP_ALIVE: '1',
  };
}
