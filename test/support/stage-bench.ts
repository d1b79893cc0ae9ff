import { MockActivityEnvironment } from '@temporalio/testing';
import type { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities, type Activities, type ActivityDeps } from '../../activities';
import { readCode } from '../../code';
import { experimentDefinition } from '../../schemas/definition';
import type { ExperimentInput } from '../../definitions';
import type { PinnedMember } from '../../core/members';
import type { StageRequest } from '../../contracts/activities';
import type { ResolvedExperiment } from '../../contracts/resolved';
import type { CodeRole } from '../../core/code';
import type { LedgerLine } from '../../schemas/ledger';
import type { IdentifiedSource } from '../../contracts/provenance';
import type { PlannedStage, StageResult } from '../../contracts/stage';
import { isOfKind, type PairsSpec, type StageKind, type StageOf } from '../../stages';
import type { Annotator } from '../../contracts/task';
import { digestOf } from '../../core/digest';
import { createFolderStore, describeModel, type Store } from '../../store';
import { coinTask } from './coin-task';

/** Many tests make activities fail; their warnings would hide the report. */
const logger = new DefaultLogger('ERROR');

export const prices = { sftExample: 1, preferencePair: 1, sample: 0, verifierCall: 0.25 };

const training = { batchSize: 8, learningRate: 0.01, maxLength: 128, lora: { rank: 4, alpha: 4 } };

/** A small experiment over the coin task; `change` overrides. */
export async function resolveSmall(
  model: string,
  change: Partial<ExperimentInput> = {},
): Promise<ResolvedExperiment> {
  const definition = experimentDefinition.parse({
    name: 'small',
    task: 'coin',
    annotator: 'counter',
    model,
    budget: 32,
    sftFraction: 0.5,
    data: { source: 'synthetic', pool: 128, validation: 4, test: 24 },
    sft: { ...training, epochs: 2 },
    preference: { ...training, epochs: 1, learningRate: 1e-3, loss: { name: 'sigmoid', beta: 0.5 } },
    pairs: { candidates: 3, maxNewTokens: 12 },
    evaluation: { items: 20, maxNewTokens: 12 },
    prices,
    execution: { checkpointEverySteps: 2 },
    ...change,
  });
  const pool = definition.data.source === 'synthetic' ? definition.data.pool : 0;
  return {
    definition,
    model: { name: 'tiny', digest: (await describeModel(model)).digest, path: model },
    files: {},
    poolRows: pool,
  };
}

/** An annotator or judge, identified as in a resolved definition. */
export async function identified(source: Pick<Annotator, 'identify'>): Promise<IdentifiedSource> {
  const identity = await source.identify!();
  return { ...identity, digest: digestOf(identity) };
}

/** The code of annotators and judge, as in a resolved definition. */
export async function codeOfOwn(
  own: Partial<Record<CodeRole, Pick<Annotator, 'code'>>>,
): Promise<Pick<ResolvedExperiment, 'code'>> {
  const reading = Object.entries(own).map(async ([role, it]) => [role, await readCode(it.code)] as const);
  const found = (await Promise.all(reading)).filter(([, code]) => code !== undefined);
  return { code: { '': Object.fromEntries(found) } };
}

export interface AttemptOptions {
  readonly attempt?: number;
  readonly runId?: string;
  readonly allowanceUsd?: number;
  /** Gets the environment before the activity runs, to cancel it or to read its heartbeats. */
  readonly watch?: (environment: MockActivityEnvironment) => void;
}

/** A store, its activities and its ledgers. */
export interface StageBench {
  readonly store: Store;
  readonly activities: Activities;
  run(stage: PlannedStage, options?: AttemptOptions): Promise<StageResult>;
  /** Runs a stage that must fail, and returns its failure. */
  fail(stage: PlannedStage, options?: AttemptOptions): Promise<ApplicationFailure>;
  ledger(stage: PlannedStage): Promise<LedgerLine[]>;
  /** Number of trainer processes in the stages' ledgers. */
  trainers(stages: readonly PlannedStage[]): Promise<number>;
}

export function createBench(
  home: string,
  options: {
    deps?: Partial<ActivityDeps>;
    execution?: ResolvedExperiment['definition']['execution'];
    family?: PinnedMember;
    /** Default: {@link prices}. */
    prices?: StageRequest['prices'];
  },
): StageBench {
  const store = options.deps?.store ?? createFolderStore(home);
  const activities = createActivities({ store, home, tasks: [coinTask], ...options.deps });
  const execution = options.execution ?? {
    device: 'cpu',
    threads: 1,
    microBatchSize: null,
    checkpointEverySteps: 2,
    infrastructureRetries: 2,
  };
  const run = async (stage: PlannedStage, settings: AttemptOptions = {}): Promise<StageResult> => {
    const { attempt = 1, runId = 'run', allowanceUsd, watch } = settings;
    const workflowExecution = { workflowId: 'workflow', runId };
    const environment = new MockActivityEnvironment({ attempt, workflowExecution }, { logger });
    watch?.(environment);
    const name = stage.activity === undefined ? stage.kind : 'runUserStage';
    const all = activities as unknown as Record<string, (request: unknown) => Promise<unknown>>;
    const activity = all[name]!;
    const result: unknown = await environment.run(activity, {
      stage,
      execution,
      family: options.family,
      prices: options.prices ?? prices,
      experimentId: 'experiment',
      allowanceUsd,
    });
    return result as StageResult;
  };
  const ledger = (stage: PlannedStage): Promise<LedgerLine[]> => store.chain({ stage: stage.key }).read();
  return {
    store,
    activities,
    run,
    ledger,
    fail: (stage, attempt = {}) =>
      run(stage, attempt).then(
        () => {
          throw new Error(`${stage.title} succeeded`);
        },
        (failure: unknown) => failure as ApplicationFailure,
      ),
    async trainers(stages) {
      const lines = (await Promise.all(stages.map(ledger))).flat();
      return lines.reduce(
        (sum, line) => sum + (line.type === 'attempt-ended' ? line.trainerProcesses : 0),
        0,
      );
    },
  };
}

export function stageOf<K extends StageKind>(stages: readonly PlannedStage[], kind: K, nth = 0): StageOf<K> {
  const found = stages.filter((stage) => isOfKind(stage, kind))[nth];
  if (found === undefined) throw new Error(`no ${kind} in the plan`);
  return found;
}

/** The stage that makes pairs, with changed settings and so another key. */
export function changePairs(
  stages: readonly PlannedStage[],
  key: string,
  change: Partial<PairsSpec>,
): StageOf<'synthesizeData'> {
  const stage = stageOf(stages, 'synthesizeData', 1);
  if (stage.spec.what !== 'pairs') throw new Error('no pairs in the plan');
  const count = change.rows ?? stage.spec.rows;
  const rows = stage.rows && { ...stage.rows, count, upTo: count };
  return { ...stage, key: key.repeat(64), spec: { ...stage.spec, ...change }, rows };
}
