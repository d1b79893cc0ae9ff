import type { ResultPage, SweepLists, SweepResult, SweepReturn } from './results';

const collect = <N extends keyof SweepLists>(
  pages: readonly ResultPage[],
  name: N,
): SweepLists[N][number][] => pages.flatMap((page) => (page[name] ?? []) as readonly SweepLists[N][number][]);

/**
 * A sweep's whole result.
 *
 * @param last what its last run returned
 * @param earlier the pages that `last` names, in their order
 */
export function assembleResult(
  { pages: _named, ...last }: SweepReturn,
  earlier: readonly ResultPage[],
): SweepResult {
  const { search } = last;
  const pages = [...earlier, { ...last, rounds: search?.rounds ?? [] }];
  const variants = collect(pages, 'variants');
  return {
    ...last,
    baseStages: collect(pages, 'baseStages'),
    cells: collect(pages, 'cells'),
    failedCells: collect(pages, 'failedCells'),
    controls: collect(pages, 'controls'),
    failedControls: collect(pages, 'failedControls'),
    tests: collect(pages, 'tests'),
    variants: variants.length === 0 ? undefined : variants,
    search: search && { ...search, rounds: collect(pages, 'rounds') },
  };
}
