import { z } from 'zod';
import { fraction } from './scalars';

export const searchSpec = z.discriminatedUnion('method', [
  z.strictObject({
    /** Runs all cells. */
    method: z.literal('grid'),
  }),
  z.strictObject({
    /** Searches for the best split of each budget. */
    method: z.literal('adaptive'),
    /** Largest regret that does not matter, in the score's unit. Default: 0.02. */
    regretTolerance: fraction.default(0.02),
    /** Stop searching a budget when P(regret < tolerance) reaches this. Default: 0.9. */
    confidence: fraction.default(0.9),
    /** Largest cost of the search, as a fraction of the whole grid's estimated device time. Default: 0.5. */
    maxCostFraction: fraction.default(0.5),
  }),
  z.strictObject({
    /** Runs the whole grid on the small model of `axes.model`, then its near-optimal splits on the large one. */
    method: z.literal('proxy'),
    /** A split is near-optimal if its score is at least (1 − epsilon) × the best. Default: 0.05. */
    epsilon: fraction.default(0.05),
  }),
]);
export type SearchSpec = z.infer<typeof searchSpec>;
