/**
 * Main figure of the study (arXiv 2502.11284), Llama 3.1 8B, digitised to ± 1 point: score × 100 by fraction, at
 * the budgets 100, 500, 1,000, 5,000, 10,000 and 20,000 as far as they were run.
 */
export const llamaBudgets = [100, 500, 1000, 5000, 10_000, 20_000];

export interface LlamaTask {
  readonly base: number;
  /** SFT fraction → scores by budget. */
  readonly scores: ReadonlyMap<number, readonly number[]>;
}

const table = (base: number, ...rows: readonly (readonly number[])[]): LlamaTask => ({
  base,
  scores: new Map(rows.map((scores, i) => [[1, 0.75, 0.5, 0.25, 0][i]!, scores])),
});

export const llama: Record<'tldr' | 'helpfulness' | 'ifeval' | 'gsm8k', LlamaTask> = {
  tldr: table(
    13,
    [33, 50, 54, 57, 58, 58],
    [28, 54, 57, 56, 62, 61],
    [25, 56, 63, 66, 72, 71],
    [26, 32, 59, 67, 72, 72],
    [22, 27, 42, 54, 57, 59],
  ),
  helpfulness: table(
    35,
    [53, 62, 61, 62, 65],
    [58, 65, 65, 64, 66],
    [54, 66, 64, 69, 64],
    [51, 62, 64, 69, 70],
    [51, 54, 58, 63, 65],
  ),
  ifeval: table(
    34,
    [49, 56, 62, 72, 75, 81],
    [45, 52, 61, 76, 81, 83],
    [45, 49, 53, 78, 83, 87],
    [41, 48, 52, 71, 81, 86],
    [40, 37, 40, 58, 67, 70],
  ),
  gsm8k: table(
    15,
    [29, 47, 53, 61, 65, 65],
    [25, 43, 51, 61, 67, 67],
    [24, 40, 47, 63, 66, 69],
    [21, 28, 41, 56, 65, 70],
    [19, 22, 22, 25, 28, 30],
  ),
};
