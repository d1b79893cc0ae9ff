import type { LoraSpec, TrainingSpec } from '../schemas/training';
import { linearModules } from './linear-modules';
import type { TrainerJob } from '../schemas/trainer-job';

// What is said in two ways and means one is spelt in one, so that it has one key. This file loads no zod: axes put values
// into definitions where nothing is parsed.

/** No dropout is none, √1 is 1, and modules are a set. */
function canonicalLora({ dropout = 0, useRslora = false, targetModules, ...lora }: LoraSpec): LoraSpec {
  return {
    ...lora,
    targetModules: linearModules.filter((module) => targetModules.includes(module)),
    ...(dropout === 0 ? {} : { dropout }),
    ...(useRslora && lora.rank > 1 ? { useRslora } : {}),
  };
}

/** A constant rate ends where it is. */
export function canonicalTraining<T extends TrainingSpec>({ lora, ...training }: T): T {
  return {
    ...training,
    lora: lora === null ? null : canonicalLora(lora),
    ...(training.lrSchedule === 'constant' ? { minLearningRateRatio: 1 } : {}),
  } as T;
}

interface Sampling {
  readonly temperature: number;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
}

/** Of the likeliest token alone every sample is made, at any temperature; all of the probability is no bound. */
export function canonicalSampling<T extends Sampling>({ topP = 1, ...sampling }: T): T {
  if (sampling.topK === 1) return { ...sampling, temperature: 1 } as T;
  return { ...sampling, ...(topP === 1 ? {} : { topP }) } as T;
}

/** A job in the one spelling of what it means: started again in another one, it is the same job. */
export function canonicalJob<J extends TrainerJob>(job: J): J {
  const training = 'training' in job ? { training: canonicalTraining(job.training) } : {};
  if (!('decoding' in job) || job.decoding.mode === 'greedy') return { ...job, ...training };
  return { ...job, decoding: canonicalSampling(job.decoding) };
}
