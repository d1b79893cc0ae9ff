import { z } from 'zod';
import type { Random } from '../../contracts/task';
import { defineTask } from '../define/define-task';
import { ownAnswer } from '../own-answer';
import { drawInteger, drawOne } from '../random';
import { names } from '../words';

const schema = z
  .object({
    /** Who is asked for among people of whom each is older than the next. */
    people: z
      .array(z.string().regex(/^[A-Z][a-z]+$/))
      .min(2)
      .max(12),
    /** Places in `people` of the two of each given fact: the first is older. */
    facts: z.array(z.tuple([z.int().nonnegative(), z.int().nonnegative()])).min(1),
    asked: z.enum(['oldest', 'youngest']),
  })
  .refine(({ people, facts }) => facts.every(([a, b]) => a < b && b < people.length), {
    path: ['facts'],
    message: 'name two people each, the older first by their places in "people"',
  })
  .refine(({ people }) => new Set(people).size === people.length, {
    path: ['people'],
    message: 'names somebody twice',
  })
  // The prompt shows the facts alone: whoever is in none of them is not in it.
  .refine(
    ({ people, facts }) => people.slice(1).every((_, at) => facts.some(([a, b]) => a === at && b === at + 1)),
    {
      path: ['facts'],
      message: 'do not say of every two neighbours in "people" who is older',
    },
  );
type Puzzle = z.infer<typeof schema>;

function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}

type Fact = Puzzle['facts'][number];
const isNeighbours = ([older, younger]: Fact): boolean => younger === older + 1;

/** Neighbours in age, which is enough to put all in a row, and up to two facts that follow from them; in any order. */
function drawItem(random: Random): Puzzle {
  const people = shuffled(random, names).slice(0, drawInteger(random, 3, 5));
  const pairs = people.flatMap((_, older) =>
    people.slice(older + 1).map((_, at): Fact => [older, older + 1 + at]),
  );
  const further = shuffled(
    random,
    pairs.filter((pair) => !isNeighbours(pair)),
  ).slice(0, drawInteger(random, 0, 2));
  const facts = shuffled(random, [...pairs.filter(isNeighbours), ...further]);
  return { people, facts, asked: drawOne(random, ['oldest', 'youngest'] as const) };
}

const answerOf = ({ people, asked }: Puzzle): string => people.at(asked === 'oldest' ? 0 : -1) ?? '';
const chainOf = ({ people }: Puzzle): string => people.join(' > ');

const cue = 'A:';

function prompt({ people, facts, asked }: Puzzle): string {
  const said = facts.map(([older, younger]) => `${people[older] ?? ''} > ${people[younger] ?? ''}.`);
  return `${said.join(' ')} Who is ${asked}?\n${cue}`;
}

/** Who is named in the line after the first `####`; several together are nobody. undefined where nobody is named there. */
function markedName({ people }: Puzzle, answer: string): string | undefined {
  const line = answer.split('####')[1]?.split('\n')[0] ?? '';
  const words = new Set(line.match(/\p{L}+/gu));
  const named = people.filter((name) => words.has(name));
  return named.length > 1 ? '' : named[0];
}

/**
 * Logic puzzles: who of several people is the oldest, given who is older than whom. The answer ends in "#### NAME"; the
 * row of people before it is checked as well.
 */
export const logicPuzzles = defineTask<Puzzle>({
  name: 'logic-puzzles',
  metric: 'accuracy',
  synthesize: drawItem,
  schema,
  prompt,
  // With their names, since the answer is one; not by which facts say it.
  dedupKey: ({ people, asked }) => JSON.stringify([people, asked]),
  pattern: ({ facts, asked }) => JSON.stringify([facts, asked]),
  target: answerOf,
  gold: (puzzle) => ` ${chainOf(puzzle)} #### ${answerOf(puzzle)}`,
  evaluate(puzzle, completion) {
    const own = ownAnswer(completion, cue);
    const marked = markedName(puzzle, own);
    const last = own
      .split('\n')[0]
      ?.match(/[A-Z][a-z]+/g)
      ?.at(-1);
    const chain = own.split('####')[0]?.trim() === chainOf(puzzle);
    const expected = answerOf(puzzle);
    return {
      score: Number((marked ?? last) === expected),
      wellFormed: /^ [A-Z][a-z]+( > [A-Z][a-z]+)* #### [A-Z][a-z]+$/.test(completion),
      scores: { strict: Number(marked === expected), chain: Number(chain) },
    };
  },
});
