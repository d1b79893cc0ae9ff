import { openExperimentLedger, recordStages } from '../audit';
import type { LedgerActivities, StageResult } from '../contracts/stage';
import type { StageEnvironment } from './deps';
import { toActivityFailure } from './failures';

function recordOf({ key, kind, cached, digest, ledgerHead }: StageResult) {
  return { stage: key, kind, cached, artifact: digest, stageHead: ledgerHead };
}

async function coded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toActivityFailure(error);
  }
}

/** The activities that keep an experiment's own chain; repeating them changes nothing. */
export function createLedgerActivities({ store, actor }: StageEnvironment): LedgerActivities {
  return {
    openExperiment: (request) => coded(openExperimentLedger(store, { ...request, actor })),
    recordStages: ({ experimentId, stages }) =>
      coded(recordStages(store, experimentId, stages.map(recordOf))),
  };
}
