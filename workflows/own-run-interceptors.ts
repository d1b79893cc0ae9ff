/** Loaded into the bundle of users' own workflows, so that their runs are recorded as those of sweeps are. */
import { ContinueAsNew, TemporalFailure, type WorkflowInterceptors } from '@temporalio/workflow';
import type { ResolvedSweep } from '../contracts/resolved';
import { packageTypes } from '../contracts/run-kind';
import { endOwnRun, ownRun } from './own-run';

export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      async execute(input, next) {
        let returned: unknown;
        try {
          returned = await next(input);
        } catch (error) {
          const continues = error instanceof ContinueAsNew;
          // After any other error Temporal runs the workflow task again, with corrected code.
          if (continues || error instanceof TemporalFailure)
            await endOwnRun({ continues }).catch(() => undefined);
          throw error;
        }
        await endOwnRun({ continues: false });
        return returned;
      },
    },
  ],
  outbound: [
    {
      /** A workflow that starts a sweep is a run too, also without stages of its own. */
      async startChildWorkflowExecution(input, next) {
        const [sweep] = input.options.args as ({ readonly resolved?: ResolvedSweep } | undefined)[];
        if (packageTypes.includes(input.workflowType) && sweep?.resolved !== undefined)
          await ownRun().open(sweep.resolved);
        return next(input);
      },
    },
  ],
});
