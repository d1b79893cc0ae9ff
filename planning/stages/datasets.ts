import type { CodeRole } from '../../contracts/code';
import type { UserDataset, UserRowsSource, UserRowsUse } from '../../schemas/user-rows';
import type { PlannedStage } from '../../contracts/stage';
import { userFileName } from '../user-rows';
import { sourcesFor } from '../code';
import { heldOutSources, ownName } from '../question-sets';
import { annotatedProvenance, userRowsProvenance, sampledProvenance } from '../provenance';
import { poolSeed, stageSeed } from './keys';
import { filePaths, makeStage, outputOf, type StageContext, taskSource } from './parts';

/** Roles of user code that decide a stage's rows. User rows are scored by the task's verifier. */
const roles = {
  userRows: ['problems', 'grading'],
  demonstrations: ['problems', 'annotator'],
  sampled: ['problems', 'grading'],
} satisfies Record<string, readonly CodeRole[]>;

/** Takes `rows` user rows. */
function userRowsStage(
  context: StageContext,
  use: UserRowsUse,
  rows: number,
): PlannedStage<'synthesizeData'> {
  const { definition, files } = context.resolved;
  const dataset: UserDataset & { readonly kind?: UserRowsSource['kind'] } = definition.annotations![use]!;
  const { columnMapping, applyTaskTemplate, rowChecks, kind = use } = dataset;
  const digest = files[userFileName(use)]?.digest ?? '';
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what: `user-${use}`,
      ...taskSource(context, roles.userRows),
      ...heldOutSources(context.resolved),
      userRows: { digest, kind, columnMapping, applyTaskTemplate, rowChecks },
      rows,
      poolSeed: poolSeed(context.seed),
    },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles.userRows),
    title: `${rows} ${use} of a file`,
    provenance: userRowsProvenance(definition.annotator, dataset),
  });
}

/** `rows` demonstrations by the definition's annotator, or from user rows. */
export function demonstrationsStage(
  context: StageContext,
  { rows }: { rows: number },
): PlannedStage<'synthesizeData'> {
  const { definition, annotator: identity } = context.resolved;
  if (definition.annotations?.demonstrations !== undefined)
    return userRowsStage(context, 'demonstrations', rows);
  const { annotator } = definition;
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what: 'demonstrations',
      ...taskSource(context, roles.demonstrations),
      ...heldOutSources(context.resolved),
      annotator,
      ...(identity === undefined ? {} : { annotatorDigest: identity.digest }),
      rows,
      poolSeed: poolSeed(context.seed),
    },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles.demonstrations),
    title: `${rows} demonstrations by ${annotator}`,
    provenance: annotatedProvenance(context.resolved),
    ...(identity?.kind === 'checkpoint' ? { onDevice: true } : {}),
  });
}

interface SampledStageOptions {
  readonly what: 'pairs' | 'rejection-samples';
  readonly reference: PlannedStage<'freezeReference'>;
  readonly rows: number;
  readonly title: string;
}

/** Rows made from samples of a frozen reference. */
function sampledStage(
  context: StageContext,
  { what, reference, rows, title }: SampledStageOptions,
): PlannedStage<'synthesizeData'> {
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what,
      ...taskSource(context, roles.sampled),
      ...heldOutSources(context.resolved),
      pairs: context.resolved.definition.pairs,
      rows,
      poolSeed: poolSeed(context.seed),
      // Independent of the count: with the same reference, the first pairs of a larger count are those of a smaller one.
      seed: stageSeed(context.seed, 'synthesizeData'),
    },
    inputs: { reference: outputOf(reference) },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles.sampled),
    title,
    provenance: sampledProvenance(context.resolved, reference.key),
  });
}

/** `rows` preference pairs from samples of a frozen reference, or from user rows. */
export function pairsStage(
  context: StageContext,
  options: { reference: PlannedStage<'freezeReference'>; rows: number },
): PlannedStage<'synthesizeData'> {
  if (context.resolved.definition.annotations?.preferences !== undefined)
    return userRowsStage(context, 'preferences', options.rows);
  return sampledStage(context, { ...options, what: 'pairs', title: `${options.rows} preference pairs` });
}

/** `rows` correct samples of a frozen reference, one a prompt, as demonstrations (rejection sampling). */
export function rejectionSamplesStage(
  context: StageContext,
  options: { reference: PlannedStage<'freezeReference'>; rows: number },
): PlannedStage<'synthesizeData'> {
  return sampledStage(context, {
    ...options,
    what: 'rejection-samples',
    title: `${options.rows} correct samples`,
  });
}
