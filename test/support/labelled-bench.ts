import { join } from 'node:path';
import { readJsonLines } from '../../activities/json-lines';
import { withPreferenceAnnotators } from '../../annotators';
import type { PlannedStage } from '../../contracts/stage';
import type { PreferenceAnnotator } from '../../contracts/task';
import { planCell } from '../../planning';
import { preferenceRow } from '../../schemas/rows';
import type { Store } from '../../store';
import { coinTask } from './coin-task';
import {
  codeOfOwn,
  createBench,
  identified,
  type prices,
  resolveSmall,
  type StageBench,
  stageOf,
} from './stage-bench';

export interface LabelledSetup {
  /** Folder of a tiny model. */
  readonly model: string;
  /** Folder of the store. */
  readonly home: string;
  readonly annotator: PreferenceAnnotator;
  /** Default: 6. */
  readonly rows?: number;
  /** Default: 2. */
  readonly labels?: number;
  readonly prices?: typeof prices & { readonly preferenceLabel?: number };
  readonly store?: Store;
}

/** The cell of pure preference tuning whose pairs the annotator labels: its bench, and the stage of pairs. */
export async function labelledCell(setup: LabelledSetup) {
  const { model, home, annotator, rows = 6, labels = 2, prices: priced, store } = setup;
  const task = withPreferenceAnnotators(coinTask, annotator);
  const code = await codeOfOwn({ preferenceAnnotator: task.preferenceAnnotators?.[0] });
  const pairs = { candidates: 3, maxNewTokens: 12, annotator: annotator.name, labels };
  const identity = annotator.identify && (await identified(annotator));
  const change = { budget: rows, sftFraction: 0, pairs };
  const small = await resolveSmall(model, priced === undefined ? change : { ...change, prices: priced });
  const { stages } = await planCell({ ...small, ...code, preferenceAnnotator: identity });
  const deps = store === undefined ? { tasks: [task] } : { tasks: [task], store };
  const bench = createBench(home, { deps, prices: priced });
  await bench.run(stageOf(stages, 'freezeReference'));
  return { bench, stages, stage: stageOf(stages, 'synthesizeData') };
}

/** The pairs of a finished stage. */
export async function pairsOf({ store }: StageBench, { kind, key }: PlannedStage) {
  const { dir } = await store.verify({ kind, key });
  return readJsonLines(join(dir, 'pairs.jsonl'), preferenceRow);
}

/** Prefers the longer answer. */
export const longer = (first: string, second: string) =>
  first.length === second.length ? 'tie' : first.length > second.length ? 'first' : 'second';
