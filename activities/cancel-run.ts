import { Context } from '@temporalio/activity';
import type { RunActivities } from '../contracts/activities';

/** Cancels a run as a client would: a workflow cannot cancel itself. */
export const cancelRun: RunActivities['cancelRun'] = async ({ workflowId, runId }) => {
  await Context.current().client.workflow.getHandle(workflowId, runId).cancel();
};
