import { countAlike, countPatterns, type LabelPattern, type Metrics } from './metrics';
import type { Preference } from './task';

/** Every label. */
export const preferences: ReadonlySet<unknown> = new Set<Preference>(['first', 'second', 'tie', 'refusal']);

/** The labels of one item, in their order, each of the answers as they were shown. */
export type Votes = readonly Preference[];

/** Which of an item's two answers its labels prefer. */
export interface Decision {
  readonly winner: Preference;
  /** Labels by what they say of the item's own first and second answer. */
  readonly counts: Readonly<Record<Preference, number>>;
}

const opposite: Readonly<Record<Preference, Preference>> = {
  first: 'second',
  second: 'first',
  tie: 'tie',
  refusal: 'refusal',
};

/** Labels of the item's own order: odd ones saw its answers swapped. */
const unswap = (votes: Votes): Preference[] =>
  votes.map((vote, label) => (label % 2 === 1 ? opposite[vote] : vote));

function countVotes(votes: Votes): Decision['counts'] {
  const count = (of: Preference): number => votes.filter((vote) => vote === of).length;
  return { first: count('first'), second: count('second'), tie: count('tie'), refusal: count('refusal') };
}

/**
 * What several labels say together: those of an item, or those of several people for one label or verdict. An answer wins
 * with more than half of the labels that are not refusals. Refusals alone are a refusal, and all else is a tie.
 *
 * @param swapped whether odd labels saw the answers swapped
 */
export function decide(votes: Votes, { swapped }: { readonly swapped: boolean }): Decision {
  const counts = countVotes(swapped ? unswap(votes) : votes);
  const { first, second, tie } = counts;
  const half = (first + second + tie) / 2;
  if (half === 0) return { winner: 'refusal', counts };
  return { winner: first > half ? 'first' : second > half ? 'second' : 'tie', counts };
}

/** What an item's even and its odd labels prefer, each of its own order. */
function decideByOrder(votes: Votes): readonly [Preference, Preference] {
  const own = unswap(votes);
  const of = (order: 0 | 1): Preference =>
    decide(
      own.filter((_, label) => label % 2 === order),
      { swapped: false },
    ).winner;
  return [of(0), of(1)];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/**
 * Agreement and position bias of preference labels, for a stage's result. Odd labels saw the answers swapped.
 *
 * | metric | counts |
 * |---|---|
 * | labels, labelTies, labelRefusals | labels |
 * | labelFirstShown | labels that prefer the answer that was shown first |
 * | labelledAgain, labelledAlike | pairs of labels of one item without refusals, and those that agree |
 * | orderCompared, orderFlips | items with labels in both orders, and those whose two orders prefer different answers |
 */
export function measureLabels(items: readonly Votes[]): {
  readonly metrics: Metrics;
  readonly labels: readonly LabelPattern[];
} {
  const shown = countVotes(items.flat());
  const given = items.map((votes) => unswap(votes).filter((vote) => vote !== 'refusal'));
  const orders = items.map(decideByOrder).filter((both) => !both.includes('refusal'));
  const flips = orders.filter(([even, odd]) => even !== 'tie' && odd === opposite[even]);
  const patterns = given.map(countVotes).map(({ first, second, tie }) => [first, second, tie]);
  const repeated = patterns.filter((counts) => sum(counts) > 1);
  return {
    metrics: {
      labels: items.flat().length,
      labelTies: shown.tie,
      labelRefusals: shown.refusal,
      labelFirstShown: shown.first,
      ...countAlike(given),
      orderCompared: orders.length,
      orderFlips: flips.length,
    },
    labels: countPatterns(repeated.map((counts) => [counts])),
  };
}
