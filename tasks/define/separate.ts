import { type Compared, normalizeText, overlapWith } from '../../text/overlap';

function withoutRepeats<P>(problems: readonly P[], compared: (problem: P) => Compared): P[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const text = normalizeText(compared(problem).text);
    return !seen.has(text) && seen.add(text);
  });
}

export interface Separated<P> {
  readonly pool: P[];
  readonly validation: P[];
  readonly test: P[];
  readonly excluded: Record<string, number>;
}

/**
 * Pool, validation and test of rows from files, disjoint: the last `validation` usable rows of train are held back.
 * Train rows like a test row, and pool rows like a validation row, are left out and counted by reason; so are repeats.
 */
export function separate<P>(
  rows: { readonly train: readonly P[]; readonly test: readonly P[] },
  { validation: held, compared }: { validation: number; compared: (problem: P) => Compared },
): Separated<P> {
  const excluded: Record<string, number> = {};
  const keep = (problems: readonly P[], others: readonly P[], from: string): P[] => {
    const overlap = overlapWith(others.map(compared));
    return problems.filter((problem) => {
      const reason = overlap(compared(problem));
      if (reason === undefined) return true;
      const name = `train row like one of ${from}: ${reason}`;
      excluded[name] = (excluded[name] ?? 0) + 1;
      return false;
    });
  };
  const test = withoutRepeats(rows.test, compared);
  const distinct = withoutRepeats(rows.train, compared);
  if (distinct.length < rows.train.length)
    excluded['repeated train row'] = rows.train.length - distinct.length;
  const usable = keep(distinct, test, 'test');
  const validation = held === 0 ? [] : usable.slice(-held);
  const pool = keep(usable.slice(0, usable.length - validation.length), validation, 'validation');
  return { pool, validation, test, excluded };
}
