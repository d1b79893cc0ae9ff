import type { Coordinates } from '../core/coordinates';
import type { SweepDefinition } from '../schemas/definition';
import type { CellIdentity, SweepResult } from '../contracts/results';
import type { StageResult } from '../contracts/stage';
import { coordinatesSlug } from './identity';
import { variantsOf } from './variants';

/** A sweep's result at one place on its axes, as definition and result of a sweep without axes. */
export interface VariantResult {
  readonly coordinates: Coordinates;
  readonly definition: SweepDefinition;
  readonly result: SweepResult;
}

/** Splits a sweep's result by place on its axes, so that each part can be analysed as a plain grid. */
export function splitResult(definition: SweepDefinition, sweep: SweepResult): VariantResult[] {
  return variantsOf(definition).map(({ coordinates, definition: plain }) => {
    const slug = coordinatesSlug(coordinates);
    const isHere = ({ cell }: { cell: CellIdentity }): boolean => coordinatesSlug(cell.axes) === slug;
    const cells = sweep.cells.filter(isHere);
    const failedCells = sweep.failedCells.filter(isHere);
    const ids = new Set([...cells, ...failedCells].map(({ cell }) => cell.id));
    const { variants = [], ...result } = sweep;
    const place = variants.find(({ axes }) => coordinatesSlug(axes) === slug);
    const here = place ?? sweep;
    const isBase = ({ key }: StageResult): boolean => place?.stageKeys.includes(key) ?? true;
    return {
      coordinates,
      definition: plain,
      result: {
        ...result,
        sweepId: `${sweep.sweepId}${slug}`,
        base: here.base,
        baseFailure: here.baseFailure,
        baseStages: sweep.baseStages.filter(isBase),
        cells,
        failedCells,
        controls: sweep.controls.filter(({ of }) => ids.has(of)),
        failedControls: sweep.failedControls.filter(({ of }) => ids.has(of)),
        tests: sweep.tests.filter(({ axes }) => coordinatesSlug(axes) === slug),
      },
    };
  });
}
