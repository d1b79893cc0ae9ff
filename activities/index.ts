/** The activities of a worker: one per stage kind, and those of an experiment's own ledger. */
import type { LedgerActivities, RunActivities, StageRequest } from '../contracts/activities';
import type { SpecOf, StageActivities } from '../stages';
import { cancelRun } from './cancel-run';
import { createStageEnvironment, type ActivityDeps, type StageEnvironment } from './deps';
import { answerItems, areAnswered } from './evaluate';
import { createLedgerActivities } from './experiments';
import { makers } from './makers';
import { answerStage, runStage } from './run-stage';
import { makeUserStage } from './user-stage';
import type { StageOutput, StageSession } from './session';

export { defaultTrainerCommand, type ActivityDeps } from './deps';

/** Everything that a worker registers. */
export type Activities = StageActivities & LedgerActivities & RunActivities;

/** One activity per stage kind, by its name. */
function createStageActivities(environment: StageEnvironment): Omit<StageActivities, 'answer'> {
  const activityOf =
    (make: (session: StageSession, spec: never) => Promise<StageOutput>) => (request: StageRequest) =>
      runStage(environment, request, (session) => make(session, request.stage.spec as never));
  const activities = Object.entries(makers).map(([kind, make]) => [kind, activityOf(make)]);
  return Object.fromEntries(activities) as Omit<StageActivities, 'answer'>;
}

/** Creates the activities of a worker. */
export function createActivities(deps: ActivityDeps): Activities {
  const environment = createStageEnvironment(deps);
  return {
    ...createLedgerActivities(environment),
    ...createStageActivities(environment),
    cancelRun,
    runUserStage: (request) => runStage(environment, request, makeUserStage),
    async answer(request) {
      // The attempt that judges them holds the claim.
      if (areAnswered(environment, request.stage)) return;
      const spec = request.stage.spec as SpecOf<'evaluate'>;
      await answerStage(environment, request, (session) => answerItems(session, spec));
    },
  };
}
