import { readOpening, compareReproduction, type Reproduction } from '../../audit';
import type { ExperimentInput, SweepDefinition, SweepInput } from '../../schemas/definition';
import { BudgetlineError } from '../../contracts/failures';
import { definitionDigest } from '../../planning';
import { defineExperiment, defineSweep, sweepOfOne } from '../../definitions';
import { createStore } from '../../store';
import { withAuditedRun, type AuditedRun } from '../../app/audit/audited-run';
import { exitWithFindings } from '../exit-status';
import { loadTasks } from '../../app/definition/load-definition';
import { planDefinition, type PlannedSweep } from '../../app/plan/planned-sweep';
import { createPrinter, printJson, type Printer, type PrinterOptions } from '../printer';
import { renderReproduction } from '../print/reproduction';
import { rerunSweep, withFreshHome } from '../rerun';

export interface ReproduceFlags extends PrinterOptions {
  readonly tasks?: string;
}

/** What was recorded, as a sweep that can be run, and the digest that it has with what this machine has. */
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

/** The definition as it was recorded, planned anew with what this machine has. */
async function planAgain(
  { store, experimentId }: AuditedRun,
  { home, tasksFile }: { home: string; tasksFile: string | undefined },
): Promise<PlannedSweep> {
  const opening = await readOpening(store, experimentId);
  const recorded = parseRecorded(Object(opening.definition) as object);
  const tasks = tasksFile === undefined ? [] : await loadTasks(tasksFile);
  const planned = await planDefinition(recorded.sweep, {
    ...{ store: createStore(home), tasks, file: tasksFile ?? experimentId },
  });
  const digest = recorded.digestOf(planned);
  if (digest === opening.definitionDigest) return planned;
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${experimentId} was made from a base model or from data that are not here: its definition has the digest ${opening.definitionDigest.slice(0, 12)}, and ${digest.slice(0, 12)} with the files of this machine.`,
    {
      remedy:
        'Put the model and the data files where the definition names them, as they were, and try again.',
    },
  );
}

function tellBundle({ bundle }: AuditedRun, printer: Printer): void {
  const { length } = bundle?.findings ?? [];
  if (length === 0) return;
  printer.print(['! The bundle is not as it was written; "budgetline audit verify" says where.']);
}

async function reproduce(
  run: AuditedRun,
  { printer, tasksFile }: { printer: Printer; tasksFile: string | undefined },
): Promise<Reproduction> {
  tellBundle(run, printer);
  return withFreshHome(async (home) => {
    const planned = await planAgain(run, { home, tasksFile });
    printer.print([`Running ${run.experimentId} again, in an empty store.`]);
    await rerunSweep(planned, printer);
    return compareReproduction(run, { store: planned.store, experimentId: planned.plan.sweepId });
  });
}

/** `budgetline reproduce RUN`: exit status 0 where every stage came out the same, 1 where one did not. */
export async function reproduceCommand(name: string, flags: ReproduceFlags): Promise<number> {
  const printer = createPrinter(flags);
  const result = await withAuditedRun(name, (run) => reproduce(run, { printer, tasksFile: flags.tasks }));
  printer.print(['', ...renderReproduction(result, printer.ink)]);
  if (flags.json === true) printJson(result);
  return result.reproduced ? 0 : exitWithFindings;
}
