import { type SplitRows, tie } from './analysis/splits';

/** What decides which of several splits is the best. */
interface Ranked {
  readonly score: number;
  /** US dollars for its rows. */
  readonly annotationUsd: number;
  readonly sftFraction: number;
}

/** A split with demonstrations and pairs. */
export const isMixture = ({ sftRows, pairRows }: Pick<SplitRows, 'sftRows' | 'pairRows'>): boolean =>
  sftRows > 0 && pairRows > 0;

/** The splits with the highest score. The best is the first: the cheapest, then the one with the smallest fraction. */
export function bestSplits<T>(splits: readonly T[], rank: (split: T) => Ranked): T[] {
  const ranked = splits.map((split) => ({ split, ...rank(split) }));
  const top = Math.max(...ranked.map(({ score }) => score));
  return ranked
    .filter(({ score }) => score >= top - tie)
    .sort((a, b) => a.annotationUsd - b.annotationUsd || a.sftFraction - b.sftFraction)
    .map(({ split }) => split);
}
