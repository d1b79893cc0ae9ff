import type { CellResult, SweepResult } from '../../contracts/results';

/** Cells as tables list them, whatever the order in which they finished: by budget, falling fraction, seed. */
export function orderedCells({ cells }: Pick<SweepResult, 'cells'>): CellResult[] {
  return [...cells].sort(
    ({ cell: a }, { cell: b }) => a.budget - b.budget || b.sftFraction - a.sftFraction || a.seed - b.seed,
  );
}
