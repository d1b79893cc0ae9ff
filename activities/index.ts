/** The activities of a worker: one per stage kind, and those of an experiment's own ledger. */
import type { LedgerActivities, RunActivities, SpecOf, StageActivities } from '../contracts/stage';
import { cancelRun } from './cancel-run';
import { createStageEnvironment, type ActivityDeps } from './deps';
import { answerItems, areAnswered, evaluate } from './evaluate';
import { createLedgerActivities } from './experiments';
import { freezeReference } from './freeze-reference';
import { answerStage, runStage } from './run-stage';
import type { StageOutput, StageSession } from './session';
import { synthesizeDemonstrations } from './synthesize-data/demonstrations';
import { takeUserRows } from './synthesize-data/user-rows';
import { synthesizePairs } from './synthesize-data/pairs';
import { synthesizeRejectionSamples } from './synthesize-data/rejection-samples';
import { trainPreference } from './train-preference';
import { trainSft } from './train-sft';

export { defaultTrainerCommand, type ActivityDeps } from './deps';

/** Everything that a worker registers. */
export type Activities = StageActivities & LedgerActivities & RunActivities;

function synthesize(session: StageSession, spec: SpecOf<'synthesizeData'>): Promise<StageOutput> {
  switch (spec.what) {
    case 'demonstrations':
      return synthesizeDemonstrations(session, spec);
    case 'pairs':
      return synthesizePairs(session, spec);
    case 'rejection-samples':
      return synthesizeRejectionSamples(session, spec);
    case 'user-demonstrations':
    case 'user-preferences':
      return takeUserRows(session, spec);
  }
}

/** Creates the activities of a worker. */
export function createActivities(deps: ActivityDeps): Activities {
  const environment = createStageEnvironment(deps);
  return {
    ...createLedgerActivities(environment),
    cancelRun,
    synthesizeData(request) {
      const { spec } = request.stage;
      return runStage(environment, request, (session) => synthesize(session, spec));
    },
    trainSft: (request) => runStage(environment, request, (session) => trainSft(session, request.stage.spec)),
    freezeReference: (request) => runStage(environment, request, freezeReference),
    trainPreference: (request) =>
      runStage(environment, request, (session) => trainPreference(session, request.stage.spec)),
    async answer(request) {
      // The attempt that judges them holds the claim.
      if (areAnswered(environment, request.stage)) return;
      await answerStage(environment, request, (session) => answerItems(session, request.stage.spec));
    },
    evaluate: (request) => runStage(environment, request, (session) => evaluate(session, request.stage.spec)),
  };
}
