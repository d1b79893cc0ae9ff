import { Context } from '@temporalio/activity';
import {
  openExperimentLedger,
  recordHistories,
  recordStages,
  recordSteering,
  signHead,
  writeAnchor,
} from '../audit';
import { isSearchable } from '../connection';
import type {
  AnchoredHead,
  ExperimentOpeningRequest,
  LedgerActivities,
  OpenedExperiment,
  StageRecordRequest,
} from '../contracts/activities';
import type { StageEnvironment } from './deps';
import { toActivityFailure } from './failures';
import { exportHistories } from './histories';

function recordOf({ key, kind, cached, digest, ledgerHead }: StageRecordRequest['stages'][number]) {
  return { stage: key, kind, cached, artifact: digest, stageHead: ledgerHead };
}

async function coded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toActivityFailure(error);
  }
}

async function open(
  { store, actor }: StageEnvironment,
  request: ExperimentOpeningRequest,
): Promise<OpenedExperiment> {
  const { client, info } = Context.current();
  const { workflowType, workflowExecution } = info;
  const { workflowId } = workflowExecution ?? {};
  const head = await openExperimentLedger(store, { ...request, workflowId, workflowType, actor });
  return { head, searchable: await isSearchable(client.connection, info.namespace) };
}

async function finalize(environment: StageEnvironment, experimentId: string): Promise<AnchoredHead> {
  const { store, signingKey } = environment;
  const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
  const histories = await exportHistories(environment, { workflowId, runId });
  const head = await recordHistories(store, experimentId, histories);
  const signature = signingKey === null ? {} : { signature: signHead(signingKey, experimentId, head) };
  const anchored = { ...head, ...signature };
  await writeAnchor(store, { experimentId, workflowId, runId, ...anchored });
  return anchored;
}

/** The activities that write an experiment's own ledger. All of them are idempotent. */
export function createLedgerActivities(environment: StageEnvironment): LedgerActivities {
  const { store } = environment;
  return {
    openExperiment: (request) => coded(open(environment, request)),
    recordStages: ({ experimentId, stages }) =>
      coded(recordStages(store, experimentId, stages.map(recordOf))),
    finalizeExperiment: ({ experimentId }) => coded(finalize(environment, experimentId)),
    storeDocument: ({ document }) => coded(store.storeDocument(document)),
    recordSteering: (request) => coded(recordSteering(store, request)),
  };
}
