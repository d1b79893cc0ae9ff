import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { BudgetlineError } from '../../contracts/failures';
import { cudaFailure } from './cuda';

/** What crosses the boundary of a session. Booleans travel as bytes. */
export type BufferData = Float32Array | Int32Array | BigInt64Array;

/** A tensor at the boundary of a session. */
export interface BufferTensor {
  readonly dims: readonly number[];
  readonly data: BufferData;
}

export interface SessionOptions {
  readonly threads: number;
  /** The CPU unless given. */
  readonly provider?: 'cpu' | 'cuda';
  /** Where constants lie that a model has outside of itself. */
  readonly constantsFolder?: string | undefined;
  /** Keeps weights in the layout of the product kernels: faster where they are constants, other last bits. */
  readonly prepackWeights?: boolean;
  /** Where a profile is written, for measurements. */
  readonly profilePrefix?: string;
}

/** An opened model. Inputs are read in place; outputs are new arrays. */
export interface Session {
  run(feeds: Readonly<Record<string, BufferTensor>>): Promise<ReadonlyMap<string, BufferTensor>>;
  release(): Promise<void>;
}

type Runtime = typeof import('onnxruntime-node');

let runtime: Promise<Runtime> | undefined;

/** Loading the library takes tens of milliseconds, which a usage error should not wait for. */
function loadRuntime(): Promise<Runtime> {
  runtime ??= import('onnxruntime-node');
  return runtime;
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    ...(options.provider === 'cuda' ? { executionProviders: ['cuda'] } : {}),
    executionMode: 'sequential',
    // The graphs are fused by hand; rewriting them would only cost time and change last bits.
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(options.profilePrefix === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    extra: {
      session: {
        set_denormal_as_zero: '1',
        // Two trainers share a host: a waiting thread must not spin on the other's core.
        intra_op: { allow_spinning: '0' },
        disable_prepacking: options.prepackWeights === true ? '0' : '1',
        ...(options.constantsFolder === undefined
          ? {}
          : { model_external_initializers_file_folder_path: options.constantsFolder }),
      },
    },
  };
}

/** Exhausted memory has no code of its own in ONNX Runtime, only these words. */
const outOfMemory = /BFCArena|bad_alloc|out of memory|Failed to allocate memory/i;

/** The runtime's words where a provider's library, or one that it needs, cannot be loaded. */
const noProvider = /shared library|Failed to load library|CUDA driver|no CUDA-capable device/i;

function explain(error: unknown, doing: string, { provider }: SessionOptions): BudgetlineError {
  const message = error instanceof Error ? error.message : String(error);
  const onDevice = provider === 'cuda';
  if (onDevice && noProvider.test(message)) return cudaFailure(error);
  if (outOfMemory.test(message))
    return new BudgetlineError(
      onDevice ? 'DEVICE_OUT_OF_MEMORY' : 'HOST_OUT_OF_MEMORY',
      `There was too little memory while ${doing}: ${message}`,
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

/** Opens a model for a device. */
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
