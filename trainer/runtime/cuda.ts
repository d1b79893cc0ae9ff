import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../core/failures';

/** Where to look for the prerequisites of ONNX Runtime's CUDA provider. */
export interface CudaHost {
  readonly platform: string;
  /** Folder of the installed onnxruntime-node. */
  readonly runtimeFolder: string;
  /** A file that exists if NVIDIA's driver is installed. */
  readonly driverPath: string;
}

const thisHost = (): CudaHost => ({
  platform: `${process.platform} ${process.arch}`,
  runtimeFolder: dirname(createRequire(__filename).resolve('onnxruntime-node/package.json')),
  driverPath: '/proc/driver/nvidia/version',
});

const supported = 'linux x64';
const libraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

/** The npm package does not contain the provider, because it is too large. */
function describeInstallation({ runtimeFolder }: CudaHost): string {
  return (
    `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${join(runtimeFolder, 'script', 'install.js')} downloads the provider. It needs ` +
    'NVIDIA’s driver, and the libraries of CUDA 12 and cuDNN 9 on the loader’s path (LD_LIBRARY_PATH). Or use device "cpu".'
  );
}

function listMissing({ platform, runtimeFolder, driverPath }: CudaHost): string[] {
  if (platform !== supported) return [`a host of ${supported} (this one is ${platform})`];
  const folder = join(runtimeFolder, 'bin', 'napi-v6', 'linux', 'x64');
  const absent = libraries.map((name) => join(folder, name)).filter((path) => !existsSync(path));
  return existsSync(driverPath) ? absent : [...absent, `NVIDIA’s driver (${driverPath})`];
}

/** The devices of the host, as far as its files show. */
export const listDevices = (host = thisHost()): readonly ('cpu' | 'cuda')[] =>
  listMissing(host).length === 0 ? ['cpu', 'cuda'] : ['cpu'];

/** The error of a provider that is installed but does not start. */
export function cudaFailure(cause: unknown, host = thisHost()): BudgetlineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BudgetlineError('DEVICE_UNAVAILABLE', `The CUDA provider does not start: ${reason}.`, {
    remedy: describeInstallation(host),
    details: { field: 'plan.device' },
    cause,
  });
}

/** @throws DEVICE_UNAVAILABLE with everything that is missing for device "cuda", and how to install it. */
export function requireCuda(host = thisHost()): void {
  const missing = listMissing(host);
  if (missing.length === 0) return;
  throw new BudgetlineError(
    'DEVICE_UNAVAILABLE',
    `Field "plan.device": "cuda" needs ${missing.join(', ')}.`,
    {
      remedy: describeInstallation(host),
      details: { field: 'plan.device', missing },
    },
  );
}
