import type { LoraSpec, TrainingSpec } from '../schemas/training';
import { linearModules } from '../core/linear-modules';
import type { TrainerJob } from '../schemas/trainer-job';

// Canonical forms: settings with the same meaning get the same key. Plain functions without zod, since workflows apply axes
// to definitions.

/** Known modules in the order of computation, then those of other families by name; each once. */
function sortModules(modules: readonly string[]): string[] {
  const known: readonly string[] = linearModules;
  const others = new Set(modules.filter((module) => !known.includes(module)));
  return [...known.filter((module) => modules.includes(module)), ...[...others].sort()];
}

/** Drops dropout 0 and rsLoRA at rank 1, where it has no effect, and sorts modules. */
function canonicalLora({ dropout = 0, useRslora = false, targetModules, ...lora }: LoraSpec): LoraSpec {
  return {
    ...lora,
    targetModules: sortModules(targetModules),
    dropout: dropout === 0 ? undefined : dropout,
    useRslora: useRslora && lora.rank > 1 ? useRslora : undefined,
  };
}

/** A constant schedule ends at its peak. */
export function canonicalTraining<T extends TrainingSpec>({ lora, ...training }: T): T {
  return {
    ...training,
    lora: lora === null ? null : canonicalLora(lora),
    ...(training.lrSchedule === 'constant' ? { minLearningRateRatio: 1 } : {}),
  } as T;
}

interface Sampling {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
}

/** With top-k 1 the temperature has no effect; top-p 1 restricts nothing. */
export function canonicalSampling<T extends Sampling>({ topP = 1, ...sampling }: T): T {
  if (sampling.topK === 1) return { ...sampling, temperature: 1 } as T;
  return { ...sampling, topP: topP === 1 ? undefined : topP } as T;
}

/** A job in canonical form, so that a restart with equivalent settings is the same job. */
export function canonicalJob<J extends TrainerJob>(job: J): J {
  const training = 'training' in job ? { training: canonicalTraining(job.training) } : {};
  if (!('decoding' in job) || job.decoding.mode === 'greedy') return { ...job, ...training };
  return { ...job, decoding: canonicalSampling(job.decoding) };
}
