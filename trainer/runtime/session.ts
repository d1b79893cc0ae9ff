import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { BudgetlineError } from '../../core/failures';
import { cudaFailure } from './cuda';

/** Element data of a session's inputs and outputs. */
export type BufferData = Float32Array | Int32Array | BigInt64Array;

/** An input or output of a session. */
export interface BufferTensor {
  readonly dims: readonly number[];
  readonly data: BufferData;
}

export interface SessionOptions {
  readonly threads: number;
  /** Execution provider. Default: cpu. */
  readonly provider?: 'cpu' | 'cuda';
  /** Folder of the model's external data. */
  readonly externalDataFolder?: string;
  /** Pre-packs constant weights for the matmul kernels: faster, but the last bits differ. Default: false. */
  readonly prepackWeights?: boolean;
  /** Path prefix of a profile to write. Default: none. */
  readonly profilePrefix?: string;
}

/** An open model. Inputs are not copied; outputs are new arrays. */
export interface Session {
  run(feeds: Readonly<Record<string, BufferTensor>>): Promise<ReadonlyMap<string, BufferTensor>>;
  release(): Promise<void>;
}

type Runtime = typeof import('onnxruntime-node');

let runtime: Promise<Runtime> | undefined;

/**
 * Loads the library on first use: it takes tens of milliseconds, and usage errors need not wait for it. ONNX Runtime 1.30
 * for Linux would send usage events to its maker and leave a log file for each process.
 */
function loadRuntime(): Promise<Runtime> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  runtime ??= import('onnxruntime-node');
  return runtime;
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    ...(options.provider === 'cuda' ? { executionProviders: ['cuda'] } : {}),
    executionMode: 'sequential',
    // The graphs are fused already. Optimization would only take time and change the last bits.
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(options.profilePrefix === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    extra: {
      session: {
        set_denormal_as_zero: '1',
        // Two trainers may share a host, so a waiting thread must not spin.
        intra_op: { allow_spinning: '0' },
        disable_prepacking: options.prepackWeights === true ? '0' : '1',
        ...(options.externalDataFolder === undefined
          ? {}
          : { model_external_initializers_file_folder_path: options.externalDataFolder }),
      },
    },
  };
}

/** ONNX Runtime has no error code for exhausted memory, only these messages. */
const outOfMemory = /BFCArena|bad_alloc|out of memory|Failed to allocate memory/i;

/** ONNX Runtime's messages when a provider or one of its libraries cannot be loaded. */
const noProvider = /shared library|Failed to load library|CUDA driver|no CUDA-capable device/i;

function explain(error: unknown, doing: string, { provider }: SessionOptions): BudgetlineError {
  const message = error instanceof Error ? error.message : String(error);
  const onDevice = provider === 'cuda';
  if (onDevice && noProvider.test(message)) return cudaFailure(error);
  if (outOfMemory.test(message))
    return new BudgetlineError(
      onDevice ? 'DEVICE_OUT_OF_MEMORY' : 'HOST_OUT_OF_MEMORY',
      `Out of memory while ${doing}: ${message}`,
      { cause: error },
    );
  return new BudgetlineError('CONFIG_INVALID', `ONNX Runtime failed while ${doing}: ${message}`, {
    cause: error,
  });
}

function elementType(data: BufferData): 'float32' | 'int32' | 'int64' {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'int64';
}

function toTensor({ Tensor: Make }: Runtime, { data, dims }: BufferTensor): Tensor {
  return new Make(elementType(data), data, [...dims]);
}

function fromTensor(name: string, { data, dims }: Tensor): BufferTensor {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof BigInt64Array)
    return { dims, data };
  throw new BudgetlineError('CONFIG_INVALID', `Output ${name} has a type that the trainer does not read.`);
}

/** Opens a model on a device. */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  const library = await loadRuntime();
  const opened = await library.InferenceSession.create(model, sessionOptions(options)).catch(
    (error: unknown) => {
      throw explain(error, 'opening a graph', options);
    },
  );
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => [name, toTensor(library, tensor)]),
      );
      const results = await opened.run(tensors).catch((error: unknown) => {
        throw explain(error, 'running a graph', options);
      });
      return new Map(Object.entries(results).map(([name, tensor]) => [name, fromTensor(name, tensor)]));
    },
    release: () => opened.release(),
  };
}
