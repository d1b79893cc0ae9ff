import { defineSweep, defineTask, syntheticDefaults } from 'budgetline';

interface Purchase {
  readonly pens: number;
  readonly price: number;
}

const randomInteger = (random: () => number, max: number): number => 2 + Math.floor(random() * (max - 1));

/** A task is a few functions: generate an item, render its prompt, score an answer. */
const purchases = defineTask<Purchase>({
  name: 'purchases',
  metric: 'accuracy',
  synthesize: (random) => ({ pens: randomInteger(random, 24), price: randomInteger(random, 24) }),
  prompt: ({ pens, price }) => `Q: Ann buys ${pens} pens. Each is ${price}. How many?\nA:`,
  target: ({ pens, price }) => String(pens * price),
  gold: ({ pens, price }) => ` ${pens}*${price}=${pens * price} #### ${pens * price}`,
  score: ({ pens, price }, answer) => ({
    score: Number(/#### (\d+)/.exec(answer)?.[1] === String(pens * price)),
    wellFormed: /^ \d+\*\d+=\d+ #### \d+$/.test(answer),
  }),
});

/** Workers load the tasks that a definition file exports by this name. */
export const tasks = [purchases];

export default defineSweep({
  ...syntheticDefaults('purchases'),
  name: 'own-task',
  data: { source: 'synthetic', pool: 128, validation: 32, test: 32 },
  budgets: [32, 64],
  sftFractions: [1, 0.5],
  evaluation: { items: 32, maxNewTokens: 24 },
});
