import { z } from 'zod';
import type { Random } from '../../contracts/task';
import { defineTask } from '../define/define-task';
import { ownAnswer } from '../own-answer';
import { randomInteger, randomChoice } from '../random';
import { names } from '../words';

const schema = z
  .object({
    /** People by age, the oldest first. */
    people: z
      .array(z.string().regex(/^[A-Z][a-z]+$/))
      .min(2)
      .max(12),
    /** Indexes in `people` of the two people of each fact; the first is older. */
    facts: z.array(z.tuple([z.int().nonnegative(), z.int().nonnegative()])).min(1),
    asked: z.enum(['oldest', 'youngest']),
  })
  .refine(({ people, facts }) => facts.every(([a, b]) => a < b && b < people.length), {
    path: ['facts'],
    message: 'do not each have two indexes of "people", the older person first',
  })
  .refine(({ people }) => new Set(people).size === people.length, {
    path: ['people'],
    message: 'has a name twice',
  })
  // The prompt shows only the facts, so they must determine the order.
  .refine(
    ({ people, facts }) => people.slice(1).every((_, at) => facts.some(([a, b]) => a === at && b === at + 1)),
    {
      path: ['facts'],
      message: 'do not compare every two neighbours in "people"',
    },
  );
type Puzzle = z.infer<typeof schema>;

function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

type Fact = Puzzle['facts'][number];
const isNeighbours = ([older, younger]: Fact): boolean => younger === older + 1;

/** The facts about neighbours in age, which determine the order, and up to two that follow from them, shuffled. */
function generateItem(random: Random): Puzzle {
  const people = shuffled(random, names).slice(0, randomInteger(random, 3, 5));
  const pairs = people.flatMap((_, older) =>
    people.slice(older + 1).map((_, at): Fact => [older, older + 1 + at]),
  );
  const further = shuffled(
    random,
    pairs.filter((pair) => !isNeighbours(pair)),
  ).slice(0, randomInteger(random, 0, 2));
  const facts = shuffled(random, [...pairs.filter(isNeighbours), ...further]);
  return { people, facts, asked: randomChoice(random, ['oldest', 'youngest'] as const) };
}

const answerOf = ({ people, asked }: Puzzle): string => people.at(asked === 'oldest' ? 0 : -1) ?? '';
const chainOf = ({ people }: Puzzle): string => people.join(' > ');

const cue = 'A:';

function prompt({ people, facts, asked }: Puzzle): string {
  const sentences = facts.map(([older, younger]) => `${people[older] ?? ''} > ${people[younger] ?? ''}.`);
  return `${sentences.join(' ')} Who is ${asked}?\n${cue}`;
}

/** The name in the line after the first `####`; '' for several names, undefined for none. */
function markedName({ people }: Puzzle, answer: string): string | undefined {
  const line = answer.split('####')[1]?.split('\n')[0] ?? '';
  const words = new Set(line.match(/\p{L}+/gu));
  const named = people.filter((name) => words.has(name));
  return named.length > 1 ? '' : named[0];
}

/**
 * Logic puzzles: find the oldest or youngest of several people from facts of who is older. The answer ends in "#### NAME";
 * `scores.chain` checks the order of people before it.
 */
export const logicPuzzles = defineTask<Puzzle>({
  name: 'logic-puzzles',
  metric: 'accuracy',
  synthesize: generateItem,
  schema,
  prompt,
  // With names, since the answer is one; without the choice of facts.
  dedupKey: ({ people, asked }) => JSON.stringify([people, asked]),
  pattern: ({ facts, asked }) => JSON.stringify([facts, asked]),
  target: answerOf,
  gold: (puzzle) => ` ${chainOf(puzzle)} #### ${answerOf(puzzle)}`,
  score(puzzle, completion) {
    const own = ownAnswer(completion, cue);
    const marked = markedName(puzzle, own);
    const last = own
      .split('\n')[0]
      ?.match(/[A-Z][a-z]+/g)
      ?.at(-1);
    const chain = own.split('####')[0]?.trim() === chainOf(puzzle);
    const target = answerOf(puzzle);
    return {
      score: Number((marked ?? last) === target),
      wellFormed: /^ [A-Z][a-z]+( > [A-Z][a-z]+)* #### [A-Z][a-z]+$/.test(completion),
      scores: { strict: Number(marked === target), chain: Number(chain) },
    };
  },
});
