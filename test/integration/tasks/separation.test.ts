import assert from 'node:assert/strict';
import type { Problem, ProblemSet, Task } from '../../../contracts/task';
import { builtInTasks } from '../../../workers';
import { noFiles } from '../../support/records';

/** Prompts without names and wording, by this test's own patterns. */
const bare: Readonly<Record<string, (prompt: string) => string>> = {
  'grade-school-math': (prompt) =>
    (prompt.match(/\d+|finds|buys|wins|eats|sells|drops|doubles|triples/g) ?? [])
      .map((word) => word.replace(/finds|buys|wins/, '+').replace(/eats|sells|drops/, '-'))
      .join(' '),
  helpfulness: (prompt) => prompt.replace(/^[A-Z][a-z]+/, ''),
  'instruction-following': (prompt) => prompt.replace(/^[^.]*\. /, ''),
  summarization: (prompt) => (prompt.match(/\w+(?=\.)/g) ?? []).join(' '),
  // Names by order of appearance.
  'logic-puzzles': (prompt) => {
    const order = [...new Set(prompt.match(/[A-Z][a-z]+(?= >|\.)/g))];
    return prompt.replace(/[A-Z][a-z]+(?= >|\.)/g, (name) => `P${order.indexOf(name)}`);
  },
  'code-generation': (prompt) => prompt.replace(/^[^:]*: /, ''),
};

/** Test and validation problems whose `of` equals that of a pool problem. */
function known({ pool, validation, test }: ProblemSet, of: (problem: Problem) => string): Problem[] {
  const texts = new Set(pool.map(of));
  return [...validation, ...test].filter((problem) => texts.has(of(problem)));
}

describe('generated problems of the pool and of the test set', () => {
  const load = (task: Task, seed: number) =>
    task.load({ source: 'synthetic', seed, pool: 1024, validation: 64, test: 200 }, noFiles);

  for (const task of builtInTasks)
    it(`${task.name}: share neither a question without its names and fillers nor a reference answer`, async () => {
      const strip = bare[task.name];
      assert.ok(strip, 'a task has a pattern here');
      for (const seed of [0, 1, 2, 7]) {
        const set = await load(task, seed);
        const asked = known(set, ({ prompt }) => strip(prompt));
        const answered = known(set, (problem) => task.gold(problem));
        assert.deepEqual([asked.slice(0, 3), answered.slice(0, 3)], [[], []]);
        // The patterns leave many different forms, so the comparison is not trivial.
        assert.ok(new Set(set.pool.map(({ prompt }) => strip(prompt))).size > 800);
      }
    });

  for (const task of builtInTasks)
    it(`${task.name}: are disjoint across seeds too`, async () => {
      const [one, other] = [await load(task, 0), await load(task, 5)];
      const mixed = { ...one, pool: other.pool };
      assert.deepEqual(
        known(mixed, (problem) => task.gold(problem)),
        [],
      );
    });
});
