import { readOpening, compareReproduction, type Reproduction } from '../../audit';
import { BudgetlineError } from '../../contracts/failures';
import { defineSweep } from '../../planning/define';
import { createStore } from '../../store';
import { withAuditedRun, type AuditedRun } from '../audited-run';
import { exitWithFindings } from '../exit-status';
import { planDefinition, type PlannedSweep } from '../planned-sweep';
import { createPrinter, printJson, type Printer, type PrinterOptions } from '../printer';
import { renderReproduction } from '../print/reproduction';
import { rerunSweep, withFreshHome } from '../rerun';

/** The definition as it was recorded, planned anew with what this machine has. */
async function planAgain({ store, experimentId }: AuditedRun, home: string): Promise<PlannedSweep> {
  const { definition, definitionDigest } = await readOpening(store, experimentId);
  if (typeof definition !== 'object' || definition === null || !('budgets' in definition))
    throw new BudgetlineError('USAGE', `${experimentId} is no sweep: only sweeps can be run again so.`, {
      remedy: 'Start its definition with startExperiment, and compare the two with: budgetline audit diff',
    });
  const planned = await planDefinition(defineSweep(definition as never), {
    ...{ store: createStore(home), tasks: [], file: experimentId },
  });
  if (planned.plan.definitionDigest === definitionDigest) return planned;
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${experimentId} was made from a base model or from data that are not here: its definition has the digest ${definitionDigest.slice(0, 12)}, and ${planned.plan.definitionDigest.slice(0, 12)} with the files of this machine.`,
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

async function reproduce(run: AuditedRun, printer: Printer): Promise<Reproduction> {
  tellBundle(run, printer);
  return withFreshHome(async (home) => {
    const planned = await planAgain(run, home);
    printer.print([`Running ${run.experimentId} again, in an empty store.`]);
    await rerunSweep(planned, printer);
    return compareReproduction(run, { store: planned.store, experimentId: planned.plan.sweepId });
  });
}

/** `budgetline reproduce RUN`: exit status 0 where every stage came out the same, 1 where one did not. */
export async function reproduceCommand(name: string, flags: PrinterOptions): Promise<number> {
  const printer = createPrinter(flags);
  const result = await withAuditedRun(name, (run) => reproduce(run, printer));
  printer.print(['', ...renderReproduction(result, printer.ink)]);
  if (flags.json === true) printJson(result);
  return result.reproduced ? 0 : exitWithFindings;
}
