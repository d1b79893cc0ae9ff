import { normalizeText } from '../../text/normalize';
import { type Compared, overlapWith } from '../../text/overlap';

export interface Separated<P> {
  readonly pool: P[];
  readonly validation: P[];
  readonly test: P[];
  readonly excluded: Record<string, number>;
}

/**
 * Splits rows of files into disjoint pool, validation and test sets. The last `validation` usable rows of train are held
 * back. Train rows that overlap test, pool rows that overlap validation, and duplicates are excluded, counted by reason.
 */
export function separate<P>(
  rows: { readonly train: readonly P[]; readonly test: readonly P[] },
  { validation: held, compared }: { validation: number; compared: (problem: P) => Compared },
): Separated<P> {
  const excluded: Record<string, number> = {};
  const exclude = (reason: string): false => {
    excluded[reason] = (excluded[reason] ?? 0) + 1;
    return false;
  };
  const distinct = (name: 'train' | 'test'): P[] => {
    const seen = new Set<string>();
    return rows[name].filter((row) => {
      const text = normalizeText(compared(row).text);
      if (seen.has(text)) return exclude(`duplicate ${name} row`);
      return seen.add(text);
    });
  };
  const keep = (problems: readonly P[], others: readonly P[], from: string): P[] => {
    const overlap = overlapWith(others.map(compared));
    return problems.filter((problem) => {
      const reason = overlap(compared(problem));
      return reason === undefined || exclude(`train row overlaps ${from}: ${reason}`);
    });
  };
  const test = distinct('test');
  const usable = keep(distinct('train'), test, 'test');
  const validation = held === 0 ? [] : usable.slice(-held);
  const pool = keep(usable.slice(0, usable.length - validation.length), validation, 'validation');
  return { pool, validation, test, excluded };
}
