import { join } from 'node:path';
import type { UserStageActivity } from 'budgetline';
import type { BestOfNSpec } from './best-of-n';

/** Generates all samples, scores them with the task's verifier, and keeps the first best one of each prompt. */
export const sampleBest: UserStageActivity<BestOfNSpec> = async (session, spec) => {
  const { samplingOrder, score } = await session.loadTask();
  const problems = samplingOrder(spec.poolSeed).slice(0, spec.rows);
  const answers = await session.generate('samples', {
    model: await session.open('reference'),
    prompts: problems,
    samples: spec.samples,
    decoding: { mode: 'sample', temperature: 1 },
    maxNewTokens: spec.maxNewTokens,
    seed: spec.seed,
  });
  const rows = problems.map((problem) => {
    const [best] = answers
      .filter(({ id }) => id === problem.id)
      .map(({ completion, finish }) => ({
        completion,
        score: score(problem, completion, finish).score,
      }))
      .sort((a, b) => b.score - a.score);
    return {
      row: { id: problem.id, prompt: problem.prompt, completion: best!.completion },
      score: best!.score,
    };
  });
  const dir = await session.freshDir('payload');
  await session.writeRows(
    join(dir, 'demonstrations.jsonl'),
    rows.map(({ row }) => row),
  );
  const meanScore = rows.reduce((sum, { score: each }) => sum + each, 0) / rows.length;
  return { dir, metrics: { rows: rows.length, meanScore } };
};
