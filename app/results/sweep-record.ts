import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { SweepAnalysis } from '../../contracts/analysis/sweep';
import { sweepDefinition, type SweepDefinition } from '../../schemas/definition';
import { BudgetlineError } from '../../core/failures';
import { assertStoredFormat, storedFormat } from '../../core/stored-format';
import type { SweepResult } from '../../contracts/results';
import { readOpening, workflowTypeOf } from '../../audit';
import { kindOf } from '../../contracts/run-kind';
import { experimentIdOf } from '../../planning';
import type { Store } from '../../store';
import { reportFolder } from '../../host/home';
import type { RunRecord } from '../../report/input';
import { isMissing } from '../../host/fs-errors';
import { type HomeOptions, placeOf } from '../location';
import type { PlaceFacts } from '../plan/place-facts';

/** The input of a report, apart from artifacts in the store. result.json holds it, and the analyses. */
export interface SweepRecord {
  readonly definition: SweepDefinition;
  /** Facts for each combination of axis values, in the planner's order; one if there are no axes. */
  readonly places: readonly PlaceFacts[];
  readonly result: SweepResult;
  readonly run: RunRecord;
}

/** A finished sweep, read from its home. */
export interface StoredResult extends SweepRecord {
  /** One for each combination of axis values, in the planner's order; one if there are no axes. */
  readonly analyses: readonly SweepAnalysis[];
}

/** Checks that a file is a result.json. Its details are as this program wrote them. */
const recordShape = z.looseObject({
  format: z.literal(storedFormat),
  definition: sweepDefinition,
  places: z.array(z.looseObject({ loss: z.looseObject({}) })),
  result: z.looseObject({ sweepId: z.string(), cells: z.array(z.looseObject({})) }),
  run: z.looseObject({}),
  analysis: z.looseObject({}).optional(),
  analyses: z.array(z.looseObject({ analysis: z.looseObject({}) })).default([]),
});

function parseResult(text: string, path: string): StoredResult {
  const data: unknown = JSON.parse(text);
  assertStoredFormat(data, path);
  const { definition, places, result, run, analysis, analyses } = recordShape.parse(data);
  const all = analysis === undefined ? analyses.map((part) => part.analysis) : [analysis];
  return { definition, places, result, run, analyses: all } as unknown as StoredResult;
}

/** Only sweeps write a report. Throws INPUT_MISSING for another run in the store. */
async function assertSweep(store: Store, id: string): Promise<void> {
  const opening = await readOpening(store, experimentIdOf(id)).catch(() => undefined);
  const type = opening && workflowTypeOf(opening);
  if (type === undefined || kindOf(type) === 'sweep') return;
  throw new BudgetlineError('INPUT_MISSING', `${id} is a run of "${type}": only sweeps have a report.`, {
    remedy: `See its stages and scores with: budgetline audit ${id}`,
  });
}

/**
 * Reads the result of a sweep that finished in this home.
 *
 * @example
 * ```ts
 * const { result, analyses } = await readResult(sweepId);
 * console.log(result.cells.length, analyses[0]?.answer);
 * ```
 *
 * @throws BudgetlineError INPUT_MISSING (the sweep has not finished in this home), ARTIFACT_CORRUPT,
 * FORMAT_UNSUPPORTED
 */
export async function readResult(sweepId: string, options: HomeOptions = {}): Promise<StoredResult> {
  const { home, store } = placeOf(options);
  const path = join(reportFolder(home, sweepId), 'result.json');
  try {
    return parseResult(await readFile(path, 'utf8'), path);
  } catch (cause) {
    if (cause instanceof BudgetlineError) throw cause;
    if (isMissing(cause)) await assertSweep(store, sweepId);
    if (isMissing(cause))
      throw new BudgetlineError('INPUT_MISSING', `No result of the sweep "${sweepId}" is in ${home}.`, {
        remedy: `Run the sweep again: finished stages come from the store. Looked for ${path}.`,
        details: { path },
      });
    throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} is not the result of a sweep.`, {
      remedy: 'Run the sweep again: finished stages come from the store.',
      details: { path },
      cause,
    });
  }
}
