import { stopServers } from '../../workers/embedded-server';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareReproduction, readOpening, type Reproduction, workflowTypeOf } from '../../audit';
import { kindOf } from '../../contracts/run-kind';
import { BudgetlineError } from '../../core/failures';
import {
  defineExperiment,
  defineSweep,
  sweepOfOne,
  type ExperimentInput,
  type SweepInput,
} from '../../definitions';
import { definitionDigest } from '../../planning';
import type { SweepDefinition } from '../../schemas/definition';
import { planSweep, type PlannedSweep, type PlanOptions } from '../plan/plan-sweep';
import { unlessAborted } from '../run/abort';
import type { AuditedRun } from './audited-run';

/** Calls `use` with a temporary home; then stops its server and deletes it. */
async function withFreshHome<T>(use: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'budgetline-reproduce-'));
  try {
    return await use(home);
  } finally {
    await stopServers(home);
    await rm(home, { recursive: true, force: true });
  }
}

/** A recorded definition as a sweep to run. `digestOf`: its digest with the files of this machine. */
interface Recorded {
  readonly sweep: SweepDefinition;
  digestOf(planned: PlannedSweep): string;
}

function parseRecorded(definition: object): Recorded {
  if ('budgets' in definition)
    return { sweep: defineSweep(definition as SweepInput), digestOf: ({ plan }) => plan.definitionDigest };
  const experiment = defineExperiment(definition as ExperimentInput);
  return {
    sweep: sweepOfOne(experiment),
    digestOf: ({ resolved }) => definitionDigest({ ...resolved, definition: experiment }),
  };
}

/** @throws BudgetlineError USAGE for a user's own workflow: only its worker has the code */
function assertReproducible(opening: Awaited<ReturnType<typeof readOpening>>): void {
  const type = workflowTypeOf(opening);
  if (kindOf(type) !== 'workflow') return;
  throw new BudgetlineError(
    'USAGE',
    `${opening.experimentId} is a run of your workflow "${type}": only sweeps and experiments can be reproduced.`,
    {
      remedy:
        'Run the workflow again with another BUDGETLINE_HOME, and compare the two with budgetline audit diff.',
    },
  );
}

/** Plans the recorded definition with the files of this machine. */
async function planAgain({ store, experimentId }: AuditedRun, options: PlanOptions): Promise<PlannedSweep> {
  const opening = await readOpening(store, experimentId);
  assertReproducible(opening);
  const recorded = parseRecorded(Object(opening.definition) as object);
  const planned = await planSweep(recorded.sweep, options);
  const digest = recorded.digestOf(planned);
  if (digest === opening.definitionDigest) return planned;
  throw new BudgetlineError(
    'INPUT_MISSING',
    `The base model or the data of ${experimentId} differ on this machine: its definition has the digest ${opening.definitionDigest.slice(0, 12)}; with the files here it is ${digest.slice(0, 12)}.`,
    {
      remedy: 'Put the original model and data files where the definition names them, and try again.',
    },
  );
}

export interface ReproduceOptions extends Pick<PlanOptions, 'tasks' | 'onDownload'> {
  /** Aborting ends the call; its temporary home is deleted. */
  readonly signal: AbortSignal;
  /** Runs the sweep to its end, in the home and on a server of that home. Ends when the signal aborts. */
  readonly run: (planned: PlannedSweep) => Promise<void>;
}

/**
 * Runs a recorded sweep again in an empty store, and compares every stage byte by byte.
 *
 * @throws BudgetlineError INPUT_MISSING if the model or the data differ from the recorded ones; the signal's reason
 */
export function reproduceRun(
  run: AuditedRun,
  { run: execute, signal, ...options }: ReproduceOptions,
): Promise<Reproduction> {
  return withFreshHome(async (home) => {
    const planned = await unlessAborted(() => planAgain(run, { ...options, home }), signal);
    await execute(planned);
    const again = { store: planned.store, experimentId: planned.plan.sweepId };
    return unlessAborted(() => compareReproduction(run, again), signal);
  });
}
