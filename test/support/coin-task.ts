import type { Problem, Task } from '../../contracts/task';

function problems(prefix: string, count: number): Problem[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    prompt: `Q: Number ${index} of ${prefix}?\nA:`,
    target: String(index),
  }));
}

/**
 * A task on which any model is correct about half the time: an answer is correct if its length is even and not 0. So
 * an untrained model can make on-policy pairs.
 */
export const coinTask: Task = {
  name: 'coin',
  metric: 'accuracy',
  fileNames: () => [],
  load: (data) => {
    const sizes = data.source === 'synthetic' ? data : { pool: 0, validation: 0, test: 0 };
    const [pool, validation, test] = [
      problems('pool', sizes.pool),
      problems('validation', sizes.validation),
      problems('test', sizes.test),
    ];
    return Promise.resolve({ pool, validation, test, excluded: {} });
  },
  annotators: [
    {
      name: 'counter',
      description: 'Says the number.',
      demonstrate: ({ target }, random) => ` ${target}${random() < 0.5 ? '' : '!'}`,
    },
  ],
  gold: ({ target }) => ` ${target}`,
  score: (_problem, completion, finish) => ({
    score: completion !== '' && completion.length % 2 === 0 ? 1 : 0,
    wellFormed: completion.startsWith(' '),
    truncated: finish === 'length',
    repetition: 0,
    scores: { short: completion.length < 4 ? 1 : 0 },
  }),
};
