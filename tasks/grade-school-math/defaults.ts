import type { SweepJson } from '../../schemas/definition';

const lora = { rank: 16, alpha: 16 };

/** Settings for the embedded model on synthetic problems; spread them into a definition. */
export const gradeSchoolMathDefaults = {
  task: 'grade-school-math',
  data: { source: 'synthetic', pool: 8192, validation: 400 },
  model: 'embedded',
  // Four epochs, chosen by validation accuracy at SFT fraction 1: two teach the format but not the arithmetic.
  sft: { epochs: 4, batchSize: 8, learningRate: 5e-3, lora, maxLength: 96 },
  preference: {
    loss: { name: 'sigmoid', beta: 0.5 },
    epochs: 2,
    batchSize: 8,
    learningRate: 3e-4,
    lora,
    maxLength: 96,
  },
  pairs: { chosen: 'best-sample', candidates: 4, temperature: 1, maxNewTokens: 48 },
  evaluation: { items: 400, maxNewTokens: 48 },
  prices: { sftExample: 0.002, preferencePair: 0.001, verifierCall: 0 },
} satisfies Partial<SweepJson>;
