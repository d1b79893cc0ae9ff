import { defineStage, filePaths, noWork, outputOf, type PlannedStage } from 'budgetline/workflows';

const kind = 'failing';

/** A stage that always fails. */
export const failing = defineStage({
  kind,
  makes: 'notes',
  revision: () => 1,
  activity: { module: './failing-activity.ts', export: 'fail' },
  plan: (context, { reference }: { readonly reference: PlannedStage<'model'> }) => ({
    spec: { kind },
    inputs: { reference: outputOf(reference) },
    title: 'A stage that fails',
    queue: 'cpu',
    work: noWork,
    rows: null,
    optimiserSteps: null,
    mayExceed: false,
    judged: [],
    files: filePaths(context),
  }),
});
