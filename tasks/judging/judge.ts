import type { Comparison, ComparedAnswer } from '../../contracts/task';
import { parseVerdict, type Verdict } from '../../contracts/verdict';

/** A program that compares two answers. */
export interface ProgramJudge<Item> {
  readonly name: string;
  /** One sentence for reports: the criterion. */
  readonly description: string;
  /** Returns a verdict text for {@link parseVerdict}. */
  compare(item: Item, comparison: Comparison): string;
}

/** Result of comparing an answer with a reference in both orders. */
export interface WinScore {
  /** Mean over both orders: win 1, tie 0.5, loss 0, unparseable or refusal 0. */
  readonly win: number;
  /** Fraction of unparseable verdicts and refusals. */
  readonly unparseable: number;
  /** 1 where the two orders disagree (position bias). */
  readonly inconsistent: number;
}

const noOpinion: ReadonlySet<Verdict> = new Set(['unparseable', 'refusal']);

const gains = (verdict: Verdict, own: 'first' | 'second'): number =>
  verdict === own ? 1 : verdict === 'tie' ? 0.5 : 0;

/** Both comparisons of an answer: shown first, and shown second. */
export function bothOrders({ prompt, answer, reference }: ComparedAnswer): readonly [Comparison, Comparison] {
  return [
    { prompt, first: answer, second: reference },
    { prompt, first: reference, second: answer },
  ];
}

/** Scores the verdict texts of both orders. */
export function scoreVerdicts(onFirst: string, onSecond: string): WinScore {
  const [shownFirst, shownSecond] = [parseVerdict(onFirst), parseVerdict(onSecond)];
  const [one, other] = [gains(shownFirst, 'first'), gains(shownSecond, 'second')];
  const unread = [shownFirst, shownSecond].filter((verdict) => noOpinion.has(verdict)).length;
  return { win: (one + other) / 2, unparseable: unread / 2, inconsistent: one === other ? 0 : 1 };
}

/** Compares an answer with a reference in both orders. */
export function judgeBothOrders<Item>(
  judge: ProgramJudge<Item>,
  item: Item,
  compared: ComparedAnswer,
): WinScore {
  const [first, second] = bothOrders(compared);
  return scoreVerdicts(judge.compare(item, first), judge.compare(item, second));
}

/** A judge that prefers the answer of higher quality, computed by a program. */
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
