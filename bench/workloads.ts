import { resolve } from 'node:path';
import { writeBenchData, writeQuestionData, type BenchCounts, type BenchData } from './data';
import { embedded, type Recipe } from './jobs';
import { findSmollm2 } from './smollm2-folder';

/** A model, rows and a recipe that both sides run. */
export interface Workload {
  readonly counts: BenchCounts;
  readonly recipe: Recipe;
  model(): string;
  /** `questions`: a file of GSM8K's questions and answers, if one was named. */
  write(folder: string, counts: BenchCounts, questions: string | undefined): BenchData;
}

const tinyMath = (): string => resolve(__dirname, '..', 'models', 'tiny-math');

function writeQuestions(folder: string, counts: BenchCounts, questions: string | undefined): BenchData {
  if (questions === undefined)
    throw new Error(
      'Full-length problems come from a file: --gsm8k train.jsonl, of {"question", "answer"} lines.',
    );
  return writeQuestionData(folder, questions, counts);
}

/** Changes to the embedded recipe: one epoch over rows of any length. */
const long = { epochs: 1, maxLength: 2048, onOverlength: 'error' } as const;
const longRecipe: Recipe = {
  sft: { ...embedded.sft, ...long },
  dpo: { ...embedded.dpo, ...long },
  loss: embedded.loss,
};

export const workloads: Readonly<Record<string, Workload>> = {
  synthetic: {
    counts: { rows: 512, pairs: 256, heldOut: 100 },
    recipe: embedded,
    model: tinyMath,
    write: writeBenchData,
  },
  gsm8k: {
    counts: { rows: 2048, pairs: 2048, heldOut: 32 },
    recipe: longRecipe,
    model: tinyMath,
    write: writeQuestions,
  },
  smollm2: {
    counts: { rows: 128, pairs: 128, heldOut: 16 },
    recipe: {
      sft: { ...longRecipe.sft, learningRate: 5e-4 },
      dpo: { ...longRecipe.dpo, learningRate: 5e-5 },
      loss: { name: 'sigmoid', beta: 0.1 },
    },
    model: findSmollm2,
    write: writeQuestions,
  },
};
