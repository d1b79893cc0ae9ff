import type { CodeRole } from '../../contracts/code';
import type { UserDataset, UserRowsSource, UserRowsUse } from '../../schemas/user-rows';
import type { PlannedStage } from '../../contracts/stage';
import { userFileName } from '../user-rows';
import { sourcesFor } from '../code';
import { heldOutSources, ownName } from '../question-sets';
import { annotatedProvenance, userRowsProvenance, sampledProvenance } from '../provenance';
import { poolSeed, stageSeed } from './keys';
import { filePaths, makeStage, outputOf, type StageContext, taskSource } from './parts';

/** What of the user's code makes rows; given ones are held against the task's check. */
const roles = {
  given: ['problems', 'grading'],
  demonstrations: ['problems', 'annotator'],
  sampled: ['problems', 'grading'],
} satisfies Record<string, readonly CodeRole[]>;

/** Takes `rows` rows of one of the definition's own files. */
function userRowsStage(
  context: StageContext,
  use: UserRowsUse,
  rows: number,
): PlannedStage<'synthesizeData'> {
  const { definition, files } = context.resolved;
  const rowsOf: UserDataset & { readonly kind?: UserRowsSource['kind'] } = definition.annotations![use]!;
  const { map, prompts, policies, kind = use } = rowsOf;
  const digest = files[userFileName(use)]?.digest ?? '';
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what: `user-${use}`,
      ...taskSource(context, roles.given),
      ...heldOutSources(context.resolved),
      userRows: { digest, kind, map, prompts, policies },
      rows,
      poolSeed: poolSeed(context.seed),
    },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles.given),
    title: `${rows} ${use === 'demonstrations' ? 'demonstrations' : 'preferences'} of a file`,
    provenance: userRowsProvenance(definition.annotator, rowsOf),
  });
}

/** Buys `rows` demonstrations from the definition's annotator, or takes them from its own file. */
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

/** Rows that are made of a frozen reference's own samples. */
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
      // Independent of the count: with one reference, fewer pairs are the first of more.
      seed: stageSeed(context.seed, 'synthesizeData'),
    },
    inputs: { reference: outputOf(reference) },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles.sampled),
    title,
    provenance: sampledProvenance(context.resolved, reference.key),
  });
}

/** Makes `rows` preference pairs from samples of a frozen reference, or takes them from the definition's own file. */
export function pairsStage(
  context: StageContext,
  options: { reference: PlannedStage<'freezeReference'>; rows: number },
): PlannedStage<'synthesizeData'> {
  if (context.resolved.definition.annotations?.preferences !== undefined)
    return userRowsStage(context, 'preferences', options.rows);
  return sampledStage(context, { ...options, what: 'pairs', title: `${options.rows} preference pairs` });
}

/** `rows` right samples of a frozen reference, one a prompt, as demonstrations: what rejection sampling keeps. */
export function rejectionSamplesStage(
  context: StageContext,
  options: { reference: PlannedStage<'freezeReference'>; rows: number },
): PlannedStage<'synthesizeData'> {
  return sampledStage(context, {
    ...options,
    what: 'rejection-samples',
    title: `${options.rows} right samples`,
  });
}
