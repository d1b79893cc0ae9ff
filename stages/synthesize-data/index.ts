import type { CodeRole } from '../../core/code';
import { taskQueues, type PlannedRows, type PlannedStage, type StageSpec } from '../../contracts/stage';
import type { UserDataset, UserRowsUse } from '../../schemas/user-rows';
import { assertCall, refuseCall } from '../calls';
import { sourcesFor } from '../code';
import { defineBuiltInStage, type StageContext, type StageParts } from '../define';
import { differences, withDifferences } from '../differences';
import type { Fields } from '../forms';
import { userFileName } from '../files';
import { filePaths, outputOf } from '../parts';
import { ownName } from '../question-sets';
import { expectedPairYield } from '../rates';
import { type AnswersLoad, rowsResources } from '../resources';
import { generating, noWork } from '../work';
import { annotatedProvenance, sampledProvenance, userRowsProvenance } from './provenance';
import { endOf } from './order';
import { demonstrationPrice, pairPrice, pricedRows, rejectionSamplePrice, rowUsd } from './prices';
import { sampledRows } from './sampled-rows';
import { callForms, type CallSettings, choosing, pairForms, pairsOf, sampling } from './settings';
import { kind, sharedSpec } from './shared-spec';
import type { DemonstrationsSpec, SynthesizeDataSpec, UserRowsSpec } from './spec';

/** A call of the kind. Any field of the definition's `pairs` but `annotator` replaces its value for this call. */
export interface SynthesizeDataCall extends CallSettings {
  readonly rows: number;
  /** Makes the rows from samples of this frozen reference. Left out: buys demonstrations. */
  readonly reference?: PlannedStage<'model'>;
  /** Pairs, or one correct sample per prompt as a demonstration. Default: pairs. */
  readonly what?: 'pairs' | 'rejection-samples';
  /** Fresh rows: those behind the rows of this stage, which takes its rows in the same order. Default: the first rows. */
  readonly after?: PlannedStage<'rows'>;
}

/** What the kinds of rows differ in. */
interface Variant {
  readonly spec: SynthesizeDataSpec;
  readonly title: string;
  readonly rows: PlannedRows;
  readonly roles: readonly CodeRole[];
  readonly mayExceed: boolean;
}

const nouns = {
  demonstrations: 'demonstrations',
  'rejection-samples': 'correct samples',
  pairs: 'pairs',
  'labelled-pairs': 'pairs',
  preferences: 'preferences',
} as const;

/** User rows are scored by the task's verifier. */
const userRowsRoles: readonly CodeRole[] = ['problems', 'grading'];

/** Where the rows of a call begin and end in their order. */
const placeOf = ({ after, rows }: SynthesizeDataCall, spec: SynthesizeDataSpec) => {
  const start = endOf(after, spec);
  return { skip: start === 0 ? undefined : start, upTo: start + rows };
};

const behind = (skip: number | undefined): string => (skip === undefined ? '' : `, after the first ${skip}`);

/** Takes `rows` user rows. */
function userRows(context: StageContext, use: UserRowsUse, call: SynthesizeDataCall): Variant {
  const { rows: count } = call;
  const { definition, files } = context.resolved;
  const dataset: UserDataset & { readonly kind?: PlannedRows['format'] } = definition.annotations![use]!;
  const { columnMapping, applyTaskTemplate, rowChecks, kind: format = use } = dataset;
  const digest = files[userFileName(use)]?.digest ?? '';
  const what = `user-${use}` as const;
  const spec: UserRowsSpec = {
    ...sharedSpec(context, userRowsRoles, count),
    what,
    userRows: { digest, kind: format, columnMapping, applyTaskTemplate, rowChecks },
  };
  const { skip, upTo } = placeOf(call, spec);
  return {
    spec: { ...spec, skip },
    title: `${count} ${use} of a file${behind(skip)}`,
    rows: {
      count,
      upTo,
      noun: nouns[use],
      format,
      source: { what, from: digest, label: `user ${use}` },
      budgetedAs: use === 'demonstrations' ? 'demonstrations' : 'pairs',
      ...pricedRows(use === 'demonstrations' ? demonstrationPrice(definition) : pairPrice(definition), count),
      provenance: userRowsProvenance(definition.annotator, dataset),
    },
    roles: userRowsRoles,
    mayExceed: false,
  };
}

const annotatedRoles: readonly CodeRole[] = ['problems', 'annotator'];

/** Demonstrations by the definition's annotator. */
function annotated(context: StageContext, call: SynthesizeDataCall): Variant {
  const { rows: count } = call;
  const { definition, annotator: identity } = context.resolved;
  const { annotator } = definition;
  const what = 'demonstrations';
  const spec: DemonstrationsSpec = {
    ...sharedSpec(context, annotatedRoles, count),
    what,
    annotator,
    annotatorDigest: identity?.digest,
  };
  const { skip, upTo } = placeOf(call, spec);
  return {
    spec: { ...spec, skip },
    title: `${count} demonstrations by ${annotator}${behind(skip)}`,
    rows: {
      count,
      upTo,
      noun: nouns[what],
      format: 'demonstrations',
      source: { what, from: annotator, label: `demonstrations by ${annotator}` },
      budgetedAs: 'demonstrations',
      ...pricedRows(demonstrationPrice(definition), count),
      provenance: annotatedProvenance(context.resolved),
    },
    roles: annotatedRoles,
    mayExceed: identity !== undefined,
  };
}

/** Rows made from samples of a frozen reference. Rejection samples cost only their samples and verifier calls. */
function sampled(context: StageContext, reference: PlannedStage<'model'>, call: SynthesizeDataCall): Variant {
  const { rows: count, what: asked = 'pairs', after } = call;
  const { definition, preferenceAnnotator } = context.resolved;
  const { pairs: defined } = definition;
  const pairs = pairsOf(defined, call);
  const { spec, title, roles, source } = sampledRows(context, { what: asked, count, pairs });
  const { what } = spec;
  const price = asked === 'pairs' ? pairPrice(definition, pairs) : rejectionSamplePrice(definition, pairs);
  return {
    spec,
    title: withDifferences(
      after === undefined ? title : `${title} on fresh prompts`,
      differences(defined, pairs),
    ),
    rows: {
      count,
      upTo: placeOf(call, spec).upTo,
      noun: nouns[what],
      format: asked === 'pairs' ? 'preferences' : 'demonstrations',
      source,
      budgetedAs: asked === 'pairs' ? 'pairs' : null,
      ...pricedRows(price, count, {
        perItem: pairs.labels,
        billed: preferenceAnnotator?.kind === 'endpoint',
      }),
      provenance: sampledProvenance(context.resolved, { reference, what, usdPerRow: rowUsd(price) }),
    },
    roles,
    mayExceed: true,
  };
}

/** Refuses settings that the rows of a call do not use. */
function assertUsed(call: SynthesizeDataCall, fields: readonly string[], why: string): void {
  const given = fields.filter((field) => (call as unknown as Fields)[field] !== undefined);
  if (given.length > 0)
    throw refuseCall(
      kind,
      given.map((field) => ({ field, reason: `has no effect ${why}` })),
    );
}

/** Demonstrations and pairs come from the user's files where the definition has them. */
function variantOf(context: StageContext, call: SynthesizeDataCall): Variant {
  const { reference, what = 'pairs' } = call;
  const { annotations } = context.resolved.definition;
  if (reference === undefined) {
    assertUsed(call, sampling, 'without a reference to sample from');
    return annotations?.demonstrations === undefined
      ? annotated(context, call)
      : userRows(context, 'demonstrations', call);
  }
  if (what === 'pairs' && annotations?.preferences !== undefined) {
    assertUsed(call, Object.keys(pairForms), 'on the rows of annotations.preferences');
    return userRows(context, 'preferences', call);
  }
  if (what === 'rejection-samples') assertUsed(call, choosing, 'on rejection samples');
  return sampled(context, reference, call);
}

/** Answers to sample for the rows; null: none. */
function answersOf(spec: SynthesizeDataSpec): AnswersLoad | null {
  if (!('pairs' in spec)) return null;
  const { candidates, maxNewTokens } = spec.pairs;
  return { answers: (spec.rows / expectedPairYield) * candidates, maxNewTokens };
}

/** An annotator that is a local checkpoint needs a device, as sampling does. */
function needsDevice({ annotator }: StageContext['resolved'], spec: SynthesizeDataSpec): boolean {
  return 'pairs' in spec || (spec.what === 'demonstrations' && annotator?.kind === 'checkpoint');
}

function plan(context: StageContext, call: SynthesizeDataCall): StageParts<SynthesizeDataSpec> {
  assertCall(kind, call, callForms);
  const { spec, title, rows, roles, mayExceed } = variantOf(context, call);
  const { reference, after } = call;
  const isSampled = 'pairs' in spec;
  const generated = answersOf(spec);
  const pairs = rows.format === 'preferences';
  const onDevice = needsDevice(context.resolved, spec);
  const { preferenceAnnotator } = context.resolved;
  const isLabelledLocally = spec.what === 'labelled-pairs' && preferenceAnnotator?.kind === 'checkpoint';
  const otherModel = (onDevice && generated === null) || isLabelledLocally;
  return {
    spec,
    inputs: {
      reference: isSampled && reference !== undefined ? outputOf(reference) : undefined,
      after: isSampled && after !== undefined ? outputOf(after) : undefined,
    },
    title,
    queue: onDevice ? taskQueues.gpu : taskQueues.cpu,
    work: generated === null ? noWork : generating(context, generated.answers, generated.maxNewTokens),
    resources: rowsResources(context, { rows: rows.count, pairs, generated, otherModel }),
    rows,
    optimiserSteps: null,
    mayExceed,
    judged: [],
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles),
  };
}

const namesInCard: Readonly<Record<SynthesizeDataSpec['what'], string>> = {
  demonstrations: 'demonstrations by the annotator',
  pairs: 'preference pairs of the model’s own samples',
  'labelled-pairs': 'preference pairs of the model’s own samples, labelled by',
  'rejection-samples': 'correct samples of the model',
  'user-demonstrations': 'demonstrations from a file',
  'user-preferences': 'preference pairs from a file',
};

function describeRows(spec: StageSpec): string {
  const made = spec as SynthesizeDataSpec;
  const name = namesInCard[made.what];
  return `${made.rows} ${name}${'annotator' in made ? ` “${made.annotator}”` : ''}`;
}

/** `rowChecks.ties` is younger than the kind. */
function firstSpec(spec: SynthesizeDataSpec): StageSpec {
  if (!('userRows' in spec) || spec.userRows.rowChecks.ties !== 'error') return spec;
  const rowChecks = { ...spec.userRows.rowChecks, ties: undefined };
  return { ...spec, userRows: { ...spec.userRows, rowChecks } } as StageSpec;
}

/** Demonstrations, preference pairs or correct samples. */
export const synthesizeData = defineBuiltInStage({
  kind,
  makes: 'rows',
  revision: () => 5,
  first: { revision: () => 4, spec: firstSpec },
  label: ['dataset', 'datasets'],
  does: 'Buys demonstrations, or makes preference pairs from samples of the reference',
  learnsFrom: null,
  describeRows,
  plan,
});
