import {
  allHandlersFinished,
  CancellationScope,
  condition,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { AnyResolved } from '../contracts/resolved';
import type { PlannedStage } from '../contracts/stage';
import { experimentIdOf } from '../planning/identity';
import { openingOf } from '../planning/members';
import { stageAttribute, workflowAttributes } from '../planning/search-attributes';
import { isIndexed, openLedger, recordAll, sealLedger } from './ledger';
import { answerProgress } from './run-progress';
import type { StageRunner } from './stages';
import { Steering } from './steering';

/**
 * A run of a user's own workflow, over all its calls of `createStages`: its ledger, its index entry, its `progress` query, and
 * the updates pause, resume and cancel.
 */
export class OwnRun {
  readonly experimentId = experimentIdOf(workflowInfo().workflowId);
  readonly steering = new Steering({
    experimentId: this.experimentId,
    paused: null,
    maxConcurrentCells: null,
  });
  readonly #runners: StageRunner[] = [];
  readonly #openings: Promise<void>[] = [];

  constructor() {
    answerProgress(this.#runners, this.steering);
  }

  add(runner: StageRunner): void {
    this.#runners.push(runner);
  }

  /** Records a definition in the ledger, and indexes the run. */
  open(resolved: AnyResolved): Promise<void> {
    const { workflowId } = workflowInfo();
    const opening = openingOf(resolved);
    const opened = openLedger(
      { experimentId: this.experimentId, ...opening },
      workflowAttributes(workflowId, resolved.definition, opening.definitionDigest),
    );
    // The workflow may end without a stage: then its end awaits this.
    opened.catch(() => undefined);
    this.#openings.push(opened);
    return opened;
  }

  /** Adds a stage to the index entry. */
  index(stage: PlannedStage): void {
    if (!isIndexed()) return;
    const { typedSearchAttributes } = workflowInfo();
    const known = typedSearchAttributes.get({ name: 'BudgetlineStage', type: 'KEYWORD_LIST' }) ?? [];
    const attribute = stageAttribute([...known.map((key) => ({ key })), stage]);
    if (String(attribute.value) !== String(known)) upsertSearchAttributes([attribute]);
  }

  /** Awaits running stages and updates, and records the stages. Unless it continues as new: also seals the ledger. */
  async end(continues: boolean): Promise<void> {
    await Promise.all(this.#openings);
    await Promise.all(this.#runners.map((runner) => runner.settle()));
    await condition(allHandlersFinished);
    const finished = this.#runners.flatMap((runner) => runner.finished);
    await (continues ? recordAll : sealLedger)(this.experimentId, finished);
  }
}

let current: OwnRun | undefined;

/** The run of the calling workflow; a workflow's modules are its own. */
export const ownRun = (): OwnRun => (current ??= new OwnRun());

/** Ends the run of the calling workflow, even if the workflow was cancelled. Does nothing if it has no stages. */
export async function endOwnRun({ continues }: { readonly continues: boolean }): Promise<void> {
  const run = current;
  if (run !== undefined) await CancellationScope.nonCancellable(() => run.end(continues));
}
