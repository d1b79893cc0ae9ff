import { isRecord } from '../core/is-record';
import { canonicalTraining } from '../contracts/canonical';
import { linearModules } from '../core/linear-modules';
import type { LoraSpec, TrainingSettings, TrainingSpec } from '../schemas/training';
import {
  allOptional,
  below,
  count,
  defined,
  flag,
  type Form,
  fraction,
  isFilled,
  nonnegative,
  oneOf,
  optional,
  orNull,
  positive,
  type WrongField,
  wrongFields,
} from './forms';

const modules: Form = [
  (value) => Array.isArray(value) && value.length > 0 && value.every(isFilled),
  'a list of linear layers',
];

const loraForms = {
  rank: count,
  alpha: positive,
  dropout: optional(below(1, nonnegative)),
  useRslora: optional(flag),
  targetModules: optional(modules),
} satisfies Record<keyof LoraSpec, Form>;

/** The forms of training settings. A test compares them with the schema. */
export const trainingForms = allOptional({
  epochs: count,
  batchSize: count,
  learningRate: positive,
  lrSchedule: oneOf('cosine', 'linear', 'constant'),
  warmupRatio: fraction,
  minLearningRateRatio: fraction,
  weightDecay: nonnegative,
  beta1: below(1, nonnegative),
  beta2: below(1, nonnegative),
  epsilon: positive,
  maxGradNorm: orNull(positive),
  lora: orNull([isRecord, 'an object']),
  precision: oneOf('f16', 'bf16'),
  maxLength: count,
  onOverlength: oneOf('error', 'drop', 'truncate'),
} satisfies Record<keyof TrainingSpec, Form>);

/** Wrong fields inside a call's `lora`. */
export const wrongLora = ({ lora }: TrainingSettings): WrongField[] =>
  isRecord(lora) ? wrongFields(lora, loraForms, 'lora.') : [];

/** A definition with a constant schedule has lost its last ratio in canonical form; this is the schema's default. */
const defaultMinLearningRateRatio = 0.1;

/** The training settings of a call: its own in place of the definition's, in canonical form. */
export function trainingOf(definition: TrainingSpec, settings: TrainingSettings): TrainingSpec {
  const given = defined(settings);
  if (Object.keys(given).length === 0) return definition;
  const { lora = definition.lora, lrSchedule = definition.lrSchedule } = settings;
  const wasConstant = definition.lrSchedule === 'constant' && lrSchedule !== 'constant';
  return canonicalTraining({
    ...definition,
    ...(wasConstant ? { minLearningRateRatio: defaultMinLearningRateRatio } : {}),
    ...(given as Partial<TrainingSpec>),
    lora: lora && {
      targetModules: [...linearModules],
      ...definition.lora,
      ...(defined(lora) as typeof lora),
    },
  });
}
