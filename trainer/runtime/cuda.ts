import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';

/** What a host must have for ONNX Runtime's CUDA provider, and where it is looked for. */
export interface CudaHost {
  readonly platform: string;
  /** Folder of the installed onnxruntime-node. */
  readonly runtimeFolder: string;
  /** What the driver of NVIDIA leaves on a host that has it. */
  readonly driverPath: string;
}

const thisHost = (): CudaHost => ({
  platform: `${process.platform} ${process.arch}`,
  runtimeFolder: dirname(createRequire(__filename).resolve('onnxruntime-node/package.json')),
  driverPath: '/proc/driver/nvidia/version',
});

const supported = 'linux x64';
const libraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

/** How what is missing is installed: the npm package leaves the provider out, since it is too large for it. */
function describeInstallation({ runtimeFolder }: CudaHost): string {
  return (
    `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${join(runtimeFolder, 'script', 'install.js')} downloads the provider; it needs ` +
    'NVIDIA’s driver, and the libraries of CUDA 12 and cuDNN 9 where the loader finds them (LD_LIBRARY_PATH). Or use device "cpu".'
  );
}

function listMissing({ platform, runtimeFolder, driverPath }: CudaHost): string[] {
  if (platform !== supported) return [`a host of ${supported} (this one is ${platform})`];
  const folder = join(runtimeFolder, 'bin', 'napi-v6', 'linux', 'x64');
  const absent = libraries.map((name) => join(folder, name)).filter((path) => !existsSync(path));
  return existsSync(driverPath) ? absent : [...absent, `the driver of NVIDIA (${driverPath})`];
}

/** What the host can compute on, as far as can be seen without starting it. */
export const listDevices = (host = thisHost()): readonly ('cpu' | 'cuda')[] =>
  listMissing(host).length === 0 ? ['cpu', 'cuda'] : ['cpu'];

/** A provider whose own libraries are there but not those that it needs. */
export function cudaFailure(cause: unknown, host = thisHost()): BudgetlineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BudgetlineError('DEVICE_UNAVAILABLE', `The CUDA provider does not start: ${reason}.`, {
    remedy: describeInstallation(host),
    details: { field: 'plan.device' },
    cause,
  });
}

/** @throws DEVICE_UNAVAILABLE naming everything that the device "cuda" lacks here, and how to install it. */
export function requireCuda(host = thisHost()): void {
  const missing = listMissing(host);
  if (missing.length === 0) return;
  throw new BudgetlineError(
    'DEVICE_UNAVAILABLE',
    `Field "plan.device": "cuda" lacks ${missing.join(', ')}.`,
    {
      remedy: describeInstallation(host),
      details: { field: 'plan.device', missing },
    },
  );
}
