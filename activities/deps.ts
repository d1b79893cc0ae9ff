import type { KeyObject } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { readSigningKey } from '../audit';
import type { StageKey } from '../contracts/stage';
import { scratchFolder } from '../host/home';
import { packageRoot, trainerPath } from '../host/package-files';
import type { WorkerIdentity } from '../schemas/ledger';
import type { Task } from '../contracts/task';
import type { Store } from '../store';
import { readPackageVersion, trainerDigest } from './code-identity';
import { createProblemCache, type ProblemCache } from './task-data';
import { deviceLocks } from './trainer-process/devices';
import { trainerEnvironment } from './trainer-process/environment';
import type { TrainerSetup } from './trainer-process/run-trainer';
import { readStallMs } from './trainer-process/work-limits';
import type { SuperviseLimits } from './trainer-process/supervise';
import { describeWorker } from './worker-identity';

/** What a worker passes to its activities. */
export interface ActivityDeps {
  readonly store: Store;
  /** BUDGETLINE_HOME: the folder of the worker's scratch space, and the owner of its CPU slots. */
  readonly home: string;
  /** Tasks that definitions may name. */
  readonly tasks: readonly Task[];
  readonly trainer?: {
    /** Program and first arguments. Default: the package's own training executable. */
    readonly command?: readonly string[];
    readonly limits?: Partial<SuperviseLimits>;
  };
  /** The worker's device, and environment variables that select it for a trainer, e.g. CUDA_VISIBLE_DEVICES. */
  readonly device?: { readonly name: string; readonly env?: Readonly<Record<string, string>> };
  /** Trainers that this worker runs at once. Default: 1. */
  readonly slots?: number;
  /** Aborted when the worker stops: stages write a checkpoint and fail with a retryable error. */
  readonly stopping?: AbortSignal;
  /** Who runs this worker, for the ledger. Default: the system's user. */
  readonly actor?: string;
  /** Workflow code with users' members, if this worker has one. Default: the installed code. */
  readonly workflowBundle?: { readonly code: string; readonly digest: string };
  /** PEM file of the ed25519 key that signs the heads of experiments. Default: BUDGETLINE_SIGNING_KEY. */
  readonly signingKeyPath?: string;
}

/** Limits of a worker's trainers. */
export interface TrainerLimits extends Pick<SuperviseLimits, 'graceMs' | 'openingMs'> {
  /** Longest time without a sign of work. Default: `workLimitsOf` the job. */
  readonly stallMs?: number;
}

/** `ActivityDeps` with every default filled in. */
export interface StageEnvironment {
  readonly store: Store;
  /** The scratch folder of a stage. */
  readonly scratch: (key: StageKey) => string;
  readonly problems: ProblemCache;
  readonly trainer: Omit<TrainerSetup, 'limits'> & { readonly limits: TrainerLimits };
  readonly device: string;
  readonly stopping: AbortSignal | undefined;
  readonly actor: string;
  readonly host: string;
  readonly packageVersion: string;
  /** SHA-256 of the training executable's bytes. */
  codeDigest(): Promise<string>;
  /** Looked up once: a worker's commit is the one it was started from. */
  worker(): Promise<WorkerIdentity>;
  readonly workflowBundle: ActivityDeps['workflowBundle'];
  /** Null if heads are not signed. */
  readonly signingKey: KeyObject | null;
}

const defaultLimits: TrainerLimits = { graceMs: 10_000, openingMs: 30 * 60_000 };

/** The training executable that the package builds. */
export function defaultTrainerCommand(): readonly string[] {
  return [process.execPath, trainerPath];
}

function findSigningKey({ signingKeyPath }: ActivityDeps): KeyObject | null {
  const path = signingKeyPath ?? process.env['BUDGETLINE_SIGNING_KEY'] ?? '';
  return path === '' ? null : readSigningKey(path);
}

export function createStageEnvironment(deps: ActivityDeps): StageEnvironment {
  const command = deps.trainer?.command ?? defaultTrainerCommand();
  const env = trainerEnvironment(process.env, deps.device?.env);
  const home = resolve(deps.home);
  const stallMs = readStallMs(process.env);
  let worker: Promise<WorkerIdentity> | undefined;
  return {
    store: deps.store,
    scratch: (key) => scratchFolder(home, key),
    problems: createProblemCache(deps.tasks),
    trainer: {
      ...{ command, env, deviceLocks: deviceLocks({ env, home, slots: deps.slots ?? 1 }) },
      limits: {
        ...defaultLimits,
        ...(stallMs === undefined ? {} : { stallMs }),
        ...deps.trainer?.limits,
      },
    },
    device: deps.device?.name ?? 'cpu',
    stopping: deps.stopping,
    actor: deps.actor ?? userInfo().username,
    host: hostname(),
    packageVersion: readPackageVersion(packageRoot),
    codeDigest: () => trainerDigest(command),
    worker: () => (worker ??= describeWorker(packageRoot)),
    workflowBundle: deps.workflowBundle,
    signingKey: findSigningKey(deps),
  };
}
