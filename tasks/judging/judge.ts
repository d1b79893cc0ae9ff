import type { Comparison, ComparedAnswer } from '../../contracts/task';
import { parseVerdict, type Verdict } from '../../contracts/verdict';

/** A program that compares two answers. */
export interface ProgramJudge<Item> {
  readonly name: string;
  /** One sentence for reports: what this judge goes by. */
  readonly description: string;
  /** The verdict in the judge's own words; {@link parseVerdict} reads it. */
  compare(item: Item, comparison: Comparison): string;
}

/** How an answer fared against a reference. */
export interface WinScore {
  /** Mean over both orders: a win 1, a tie ½, a loss 0, what cannot be read 0. */
  readonly win: number;
  /** Share of the verdicts that could not be read. */
  readonly unparseable: number;
  /** 1 where the two orders disagree: the judge goes by the place. */
  readonly inconsistent: number;
}

const gains = (verdict: Verdict, own: 'first' | 'second'): number =>
  verdict === own ? 1 : verdict === 'tie' ? 0.5 : 0;

/** The two questions about one answer: it is shown first, and then second. */
export function bothOrders({ prompt, answer, reference }: ComparedAnswer): readonly [Comparison, Comparison] {
  return [
    { prompt, first: answer, second: reference },
    { prompt, first: reference, second: answer },
  ];
}

/** What the verdicts on both orders come to, in a judge's own words. */
export function scoreVerdicts(onFirst: string, onSecond: string): WinScore {
  const [shownFirst, shownSecond] = [parseVerdict(onFirst), parseVerdict(onSecond)];
  const [one, other] = [gains(shownFirst, 'first'), gains(shownSecond, 'second')];
  const unread = [shownFirst, shownSecond].filter((verdict) => verdict === 'unparseable').length;
  return { win: (one + other) / 2, unparseable: unread / 2, inconsistent: one === other ? 0 : 1 };
}

/** Judges an answer against a reference twice, with the two in either place. */
export function judgeBothOrders<Item>(
  judge: ProgramJudge<Item>,
  item: Item,
  sides: ComparedAnswer,
): WinScore {
  const [first, second] = bothOrders(sides);
  return scoreVerdicts(judge.compare(item, first), judge.compare(item, second));
}

/** A judge that prefers the answer of higher quality, as a program measures it. */
export function qualityJudge<Item>(
  name: string,
  description: string,
  quality: (item: Item, answer: string) => number,
): ProgramJudge<Item> {
  return {
    name,
    description,
    compare(item, { first, second }) {
      const difference = quality(item, first) - quality(item, second);
      if (Math.abs(difference) < 1e-9) return '[[tie]]';
      return difference > 0 ? '[[A]]' : '[[B]]';
    },
  };
}
