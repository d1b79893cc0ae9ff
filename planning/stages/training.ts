import { lossTitle } from '../../contracts/loss-titles';
import type { PlannedStage } from '../../contracts/stage';
import { stageSeed, trainingRevision } from './keys';
import { baseModel, makeStage, outputOf, type StageContext } from './parts';

const rowNames = {
  demonstrations: 'demonstrations',
  pairs: 'pairs',
  'rejection-samples': 'correct samples',
  'user-demonstrations': 'demonstrations',
  'user-preferences': 'preferences',
} as const;

export interface SftStageOptions {
  readonly data: PlannedStage<'synthesizeData'>;
  /** Model to tune. Default: the definition's base model. */
  readonly base?: PlannedStage<'freezeReference'>;
  /** Column to learn from; 'chosen' for the chosen answers of pairs. Default: 'completion'. */
  readonly column?: 'completion' | 'chosen';
}

/** Supervised fine-tuning with the definition's `sft` settings. */
export function trainSftStage(context: StageContext, options: SftStageOptions): PlannedStage<'trainSft'> {
  const { data, base, column = 'completion' } = options;
  return makeStage('trainSft', {
    spec: {
      kind: 'trainSft',
      column,
      training: context.resolved.definition.sft,
      seed: stageSeed(context.seed, 'trainSft'),
      dtype: 'f32',
    },
    revision: trainingRevision('trainSft', context.resolved.model),
    inputs: { base: base === undefined ? baseModel(context) : outputOf(base), data: outputOf(data) },
    title: `SFT on ${data.spec.rows} ${column === 'chosen' ? 'chosen answers' : rowNames[data.spec.what]}`,
  });
}

/** Merges an SFT adapter into the base model and freezes the result; without one, freezes the base itself. */
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

export interface PreferenceStageOptions {
  readonly reference: PlannedStage<'freezeReference'>;
  readonly data: PlannedStage<'synthesizeData'>;
}

/** Preference tuning on pairs; the frozen reference is both start and reference model. */
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
      seed: stageSeed(context.seed, 'trainPreference'),
      dtype: 'f32',
    },
    revision: trainingRevision('trainPreference', context.resolved.model),
    inputs: { reference: outputOf(reference), data: outputOf(data) },
    title: `${lossTitle(loss)} on ${rows} pairs`,
  });
}
