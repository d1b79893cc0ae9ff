import type { CellResult, SweepResult } from '../../contracts/results';

/** Cells in the order of tables: by budget, falling SFT share, seed. */
export function orderedCells({ cells }: Pick<SweepResult, 'cells'>): CellResult[] {
  return [...cells].sort(
    ({ cell: a }, { cell: b }) => a.budget - b.budget || b.sftFraction - a.sftFraction || a.seed - b.seed,
  );
}
