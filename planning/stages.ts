import type { ExperimentDefinition, Resolved, SweepDefinition, TaskData } from '../contracts/definition';
import type { GivenFile, GivenSource, GivenUse } from '../contracts/given';
import type { PreferenceLossName } from '../contracts/losses';
import type { InputName, PlannedStage, SpecOf, StageInputRef, StageKey, StageKind } from '../contracts/stage';
import { digestOf, seedOf } from './digest';
import { givenFileName, taskFileDigests } from './given';
import { annotatedProvenance, givenProvenance, sampledProvenance } from './provenance';

/**
 * One integer a stage kind. It is raised when the bytes that a stage makes from the same spec and inputs change;
 * every key of that kind, and of what stands on it, then changes too.
 */
export const revisions: Readonly<Record<StageKind, number>> = {
  synthesizeData: 1,
  trainSft: 2,
  freezeReference: 1,
  trainPreference: 2,
  evaluate: 2,
};

/** What the stage builders read: a definition with its outside inputs pinned, and a seed axis. */
export interface StageContext {
  readonly resolved: Resolved<ExperimentDefinition | SweepDefinition>;
  readonly seed: number;
}

type Inputs = Readonly<Partial<Record<InputName, StageInputRef>>>;

/** What of an input enters a key: another stage's key, or an external model's content digest. */
export function inputDigest(input: StageInputRef): string {
  return 'stage' in input ? input.stage : input.digest;
}

/** SHA-256 over canonical spec, revision and the inputs' keys or digests. Paths, prices and execution stand outside. */
export function stageKey(spec: SpecOf<StageKind>, revision: number, inputs: Inputs): StageKey {
  const digests = Object.entries(inputs).map(([name, input]) => [name, inputDigest(input)] as const);
  return digestOf({ spec, revision, inputs: Object.fromEntries(digests) });
}

/**
 * A stage's seed, below 2^48: a hash of seed axis, kind and the key of its data, never of cell, sweep or experiment.
 * That is what lets cells share stages.
 */
export function stageSeed(seedAxis: number, kind: StageKind, dataKey: string): number {
  return seedOf(['stage', seedAxis, kind, dataKey]);
}

/** Seed of the pool's permutation, common to all stages of one seed axis. */
export function poolSeed(seedAxis: number): number {
  return seedOf(['pool', seedAxis]);
}

interface StageParts<K extends StageKind> extends Pick<PlannedStage, 'provenance' | 'onDevice'> {
  readonly spec: SpecOf<K>;
  readonly inputs?: Inputs;
  readonly files?: Readonly<Record<string, string>>;
  readonly title: string;
}

function makeStage<K extends StageKind>(kind: K, parts: StageParts<K>) {
  const { spec, inputs = {}, files = {}, ...outside } = parts;
  const revision = revisions[kind];
  return { key: stageKey(spec, revision, inputs), kind, revision, spec, inputs, files, ...outside };
}

/** A stage's artifact as the input of another stage. */
export function outputOf(stage: PlannedStage): StageInputRef {
  return { stage: stage.key, kind: stage.kind };
}

/** The external base model as the input of a stage. */
export function baseModel({ resolved }: StageContext): StageInputRef {
  return { digest: resolved.model.digest, path: resolved.model.path };
}

function taskSource({ resolved: { definition, files } }: StageContext): {
  task: string;
  data: TaskData;
  fileDigests: Record<string, string>;
} {
  const digests = taskFileDigests(files);
  return { task: definition.task, data: pinnedData(definition.data, digests), fileDigests: digests };
}

/** Where problems come from, by content alone. */
function pinnedData(data: TaskData, digests: Readonly<Record<string, string>>): TaskData {
  if (data.source === 'twin') return data;
  const { source, validation, stripCalculator } = data;
  const files = { train: digests['train'] ?? '', test: digests['test'] ?? '' };
  return { source, validation, stripCalculator, ...files };
}

function filePaths({ resolved }: StageContext): Record<string, string> {
  return Object.fromEntries(Object.entries(resolved.files).map(([name, { path }]) => [name, path]));
}

/** Takes `rows` rows of one of the definition's own files. */
function givenStage(context: StageContext, use: GivenUse, rows: number): PlannedStage<'synthesizeData'> {
  const { definition, files } = context.resolved;
  const rowsOf: GivenFile & { readonly kind?: GivenSource['kind'] } = definition.annotations![use]!;
  const { map, prompts, policies, kind = use } = rowsOf;
  const digest = files[givenFileName(use)]?.digest ?? '';
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what: `given-${use}`,
      ...taskSource(context),
      given: { digest, kind, map, prompts, policies },
      rows,
      poolSeed: poolSeed(context.seed),
    },
    files: filePaths(context),
    title: `${rows} ${use === 'demonstrations' ? 'demonstrations' : 'preferences'} of a file`,
    provenance: givenProvenance(definition.annotator, rowsOf),
  });
}

/** Buys `rows` demonstrations from the definition's annotator, or takes them from its own file. */
export function demonstrationsStage(
  context: StageContext,
  { rows }: { rows: number },
): PlannedStage<'synthesizeData'> {
  const { definition, annotator: identity } = context.resolved;
  if (definition.annotations?.demonstrations !== undefined)
    return givenStage(context, 'demonstrations', rows);
  const { annotator } = definition;
  return makeStage('synthesizeData', {
    spec: {
      kind: 'synthesizeData',
      what: 'demonstrations',
      ...taskSource(context),
      annotator,
      ...(identity === undefined ? {} : { annotatorDigest: identity.digest }),
      rows,
      poolSeed: poolSeed(context.seed),
    },
    files: filePaths(context),
    title: `${rows} demonstrations by ${annotator}`,
    provenance: annotatedProvenance(context.resolved),
    ...(identity?.kind === 'checkpoint' ? { onDevice: true } : {}),
  });
}

interface SampledStageOptions {
  readonly what: 'pairs' | 'right-samples';
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
      ...taskSource(context),
      pairs: context.resolved.definition.pairs,
      rows,
      poolSeed: poolSeed(context.seed),
      // By the reference and not by the count: of one reference, fewer pairs are the first of more.
      seed: stageSeed(context.seed, 'synthesizeData', reference.key),
    },
    inputs: { reference: outputOf(reference) },
    files: filePaths(context),
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
    return givenStage(context, 'preferences', options.rows);
  return sampledStage(context, { ...options, what: 'pairs', title: `${options.rows} preference pairs` });
}

/** `rows` right samples of a frozen reference, one a prompt, as demonstrations: what rejection sampling keeps. */
export function rightSamplesStage(
  context: StageContext,
  options: { reference: PlannedStage<'freezeReference'>; rows: number },
): PlannedStage<'synthesizeData'> {
  return sampledStage(context, { ...options, what: 'right-samples', title: `${options.rows} right samples` });
}

const rowNames = {
  demonstrations: 'demonstrations',
  pairs: 'pairs',
  'right-samples': 'right samples',
  'given-demonstrations': 'demonstrations',
  'given-preferences': 'preferences',
} as const;

export interface SftStageOptions {
  readonly data: PlannedStage<'synthesizeData'>;
  /** What is tuned: the definition's base model unless a frozen model is given. */
  readonly base?: PlannedStage<'freezeReference'>;
  /** "chosen" learns from the chosen answers of pairs. */
  readonly column?: 'completion' | 'chosen';
}

/** Supervised fine-tuning by the definition's `sft` settings. */
export function trainSftStage(context: StageContext, options: SftStageOptions): PlannedStage<'trainSft'> {
  const { data, base, column = 'completion' } = options;
  return makeStage('trainSft', {
    spec: {
      kind: 'trainSft',
      column,
      training: context.resolved.definition.sft,
      seed: stageSeed(context.seed, 'trainSft', data.key),
      dtype: 'f32',
    },
    inputs: { base: base === undefined ? baseModel(context) : outputOf(base), data: outputOf(data) },
    title: `SFT on ${data.spec.rows} ${column === 'chosen' ? 'chosen answers' : rowNames[data.spec.what]}`,
  });
}

/** Merges an SFT run into the base model and seals the result; without one, seals the base itself. */
export function freezeReferenceStage(
  context: StageContext,
  { adapter }: { adapter: PlannedStage<'trainSft'> | null },
): PlannedStage<'freezeReference'> {
  return makeStage('freezeReference', {
    spec: { kind: 'freezeReference' },
    inputs: { base: baseModel(context), ...(adapter === null ? {} : { adapter: outputOf(adapter) }) },
    title: adapter === null ? 'Reference: the base model' : `Reference after ${adapter.title}`,
  });
}

const lossTitles: Readonly<Record<PreferenceLossName, string>> = {
  sigmoid: 'DPO',
  cdpo: 'Conservative DPO',
  robust: 'Robust DPO',
  hinge: 'Hinge preference tuning',
  ipo: 'IPO',
  'sigmoid-norm': 'Length-normalised DPO',
  simpo: 'SimPO',
  'sigmoid-nll': 'DPO with NLL',
  kto: 'KTO',
};

export interface PreferenceStageOptions {
  readonly reference: PlannedStage<'freezeReference'>;
  readonly data: PlannedStage<'synthesizeData'>;
}

/** Preference tuning on pairs, starting from and held to a frozen reference. */
export function trainPreferenceStage(
  context: StageContext,
  { reference, data }: PreferenceStageOptions,
): PlannedStage<'trainPreference'> {
  const { loss, ...training } = context.resolved.definition.preference;
  const rows = 'rows' in data.spec ? data.spec.rows : 0;
  return makeStage('trainPreference', {
    spec: {
      kind: 'trainPreference',
      loss,
      training,
      seed: stageSeed(context.seed, 'trainPreference', data.key),
      dtype: 'f32',
    },
    inputs: { reference: outputOf(reference), data: outputOf(data) },
    title: `${lossTitles[loss.name]} on ${rows} pairs`,
  });
}

export interface EvaluateStageOptions {
  readonly reference: PlannedStage<'freezeReference'>;
  /** What was trained on top of the reference; null evaluates the reference itself. */
  readonly adapter: PlannedStage<'trainSft' | 'trainPreference'> | null;
  /** Demonstrations that stand before every question. */
  readonly fewShot?: PlannedStage<'synthesizeData'>;
}

/** Greedy evaluation on the front of the task's test set. */
export function evaluateStage(
  context: StageContext,
  { reference, adapter, fewShot }: EvaluateStageOptions,
): PlannedStage<'evaluate'> {
  const { definition, judge } = context.resolved;
  const { evaluation } = definition;
  const shots = fewShot === undefined ? {} : { fewShot: fewShot.spec.rows };
  const shown = fewShot === undefined ? '' : `, ${fewShot.title} before each`;
  return makeStage('evaluate', {
    spec: {
      kind: 'evaluate',
      ...taskSource(context),
      evaluation,
      ...shots,
      ...(judge === undefined ? {} : { judgeDigest: judge.digest }),
    },
    inputs: {
      reference: outputOf(reference),
      ...(adapter === null ? {} : { adapter: outputOf(adapter) }),
      ...(fewShot === undefined ? {} : { data: outputOf(fewShot) }),
    },
    files: filePaths(context),
    title: `Evaluation on ${evaluation.items} items${shown}`,
  });
}
