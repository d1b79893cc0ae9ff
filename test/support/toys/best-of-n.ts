import {
  defineStage,
  filePaths,
  generating,
  outputOf,
  type PlannedStage,
  poolSeed,
  sampledProvenance,
  stageSeed,
  taskSource,
} from 'budgetline/workflows';

const kind = 'bestOfN';

interface Call {
  readonly reference: PlannedStage<'model'>;
  readonly rows: number;
  readonly samples: number;
}

/** Samples n answers per prompt from a frozen reference and keeps the best as a demonstration. */
export const bestOfN = defineStage({
  kind,
  makes: 'rows',
  revision: () => 1,
  activity: { module: './best-of-n-activity.ts', export: 'sampleBest' },
  plan(context, { reference, rows, samples }: Call) {
    const { evaluation, prices } = context.resolved.definition;
    const { maxNewTokens } = evaluation;
    const sampleUsd = prices.sample + prices.verifierCall;
    return {
      spec: {
        kind,
        ...taskSource(context, ['problems', 'grading']),
        rows,
        samples,
        maxNewTokens,
        poolSeed: poolSeed(context.seed),
        seed: stageSeed(context.seed, kind),
      },
      inputs: { reference: outputOf(reference) },
      title: `The best of ${samples} samples for ${rows} prompts`,
      queue: 'gpu',
      work: generating(context, rows * samples, maxNewTokens),
      rows: {
        count: rows,
        noun: 'best samples',
        format: 'demonstrations',
        source: { what: kind, from: '', label: 'best of n samples' },
        budgetedAs: null,
        usd: 0,
        sampleUsd,
        verifierCalls: rows * samples,
        provenance: sampledProvenance(context.resolved, {
          reference,
          what: 'rejection-samples',
          usdPerRow: samples * sampleUsd,
        }),
      },
      optimiserSteps: null,
      mayExceed: false,
      judged: [],
      files: filePaths(context),
    };
  },
});

export type BestOfNSpec = ReturnType<typeof bestOfN.plan>['spec'];
