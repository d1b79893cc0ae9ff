/** Nests of rows: where the ledger of a store has the purchases of rows at list price. */
import type { ResolvedSweep } from '../../../contracts/resolved';
import type { PlannedStage } from '../../../contracts/stage';
import type { SweepInput } from '../../../definitions';
import { planGrid } from '../../../planning';
import { planStage, stageKinds } from '../../../stages';
import { resolveSweep } from '../planning/resolve';

const small: Partial<SweepInput> = { budgets: [64], sftFractions: [1, 0.5, 0], seeds: [0], controls: [] };

const person = { kind: 'people', version: 2, digest: 'c'.repeat(64) } as const;
const program = { 'task.ts': 'd'.repeat(64), left: '1.3.0' };

const ownRows = (): ResolvedSweep =>
  resolveSweep(
    {
      ...small,
      annotations: {
        demonstrations: { file: 'answers.jsonl', source: 'ours', license: 'MIT' },
        preferences: { file: 'pairs.jsonl', source: 'ours', license: 'MIT' },
      },
    },
    {
      files: {
        'annotations.demonstrations': { path: '/answers.jsonl', digest: 'e'.repeat(64) },
        'annotations.preferences': { path: '/pairs.jsonl', digest: 'f'.repeat(64) },
      },
      userRows: { demonstrations: 500, preferences: 500 },
    },
  );

const taskFiles = (): ResolvedSweep =>
  resolveSweep(
    { ...small, data: { source: 'files', train: '/train', test: '/test' } },
    {
      files: {
        train: { path: '/train', digest: 'a1'.repeat(32) },
        test: { path: '/test', digest: 'b2'.repeat(32) },
      },
      code: { '': { problems: { identity: program }, grading: { identity: program } } },
    },
  );

const { model } = resolveSweep();

/** Definitions whose rows are bought at list price. */
const definitions: Readonly<Record<string, () => ResolvedSweep>> = {
  'generated problems': () => resolveSweep({ ...small, controls: ['rejection-sampling'] }),
  'a large vocabulary': () => resolveSweep(small, { model: { ...model, vocabulary: 128_000 } }),
  people: () => resolveSweep(small, { annotator: person }),
  'a program of yours': () => resolveSweep(small, { code: { '': { annotator: { identity: program } } } }),
  'problems from files': taskFiles,
  'rows from files': ownRows,
  'labels of people': () =>
    resolveSweep(
      { ...small, pairs: { ...resolveSweep().definition.pairs, annotator: 'staff', labels: 2 } },
      { preferenceAnnotator: person },
    ),
};

/** Pairs on fresh prompts, sampled from what was trained on the first pairs. */
function rounds(): PlannedStage[] {
  const context = { resolved: resolveSweep(small), seed: 0 };
  const base = planStage(stageKinds.freezeReference, context, { adapter: null });
  const first = planStage(stageKinds.synthesizeData, context, { rows: 8, reference: base });
  const adapter = planStage(stageKinds.trainPreference, context, { reference: base, data: first });
  const reference = planStage(stageKinds.freezeReference, context, { adapter });
  return [first, planStage(stageKinds.synthesizeData, context, { rows: 8, reference, after: first })];
}

/** Every stage that makes rows, by definition. */
export async function stagesWithRows(): Promise<Readonly<Record<string, readonly PlannedStage[]>>> {
  const planned = Object.entries(definitions).map(async ([name, resolved]) => {
    const { stages } = await planGrid(resolved());
    return [name, stages.map(({ stage }) => stage).filter(({ rows }) => rows !== null)] as const;
  });
  return { ...Object.fromEntries(await Promise.all(planned)), rounds: rounds() };
}

/** Title and nest of each stage, sorted. */
export const titledNests = (stages: readonly PlannedStage[]): string[] =>
  [...new Set(stages.map(({ title, nest }) => `${title}: ${nest ?? ''}`))].sort();
