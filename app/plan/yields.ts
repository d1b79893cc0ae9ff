import { canonicalJson } from '../../core/canonical-json';
import { digestOf } from '../../core/digest';
import type { Makes, PlannedStage, StageKey } from '../../contracts/stage';
import type { ArtifactManifest } from '../../schemas/artifact';
import type { SweepPlan } from '../../planning';
import { type AxisValues, atAxisValues } from './axis-values';
import {
  atYield,
  differences,
  expectedPairYield,
  rulesOf,
  type SampledSpec,
  sampledSpecOf,
} from '../../stages';
import type { ArtifactId, Store } from '../../store';

/** Rows for each sampled prompt that a plan expects, for one kind of rows, task and settings. */
export interface ExpectedYield {
  readonly what: SampledSpec['what'];
  readonly task: string;
  /** Rows a prompt: the mean of the earlier stages, or the assumption. */
  readonly expected: number;
  /** Lowest and highest yield of the earlier stages; both the assumption without any. */
  readonly low: number;
  readonly high: number;
  /** Earlier data stages in the store that it was learned from; 0: it is an assumption. */
  readonly stages: number;
  /** Whether those sampled this base model; false: only other models were sampled. */
  readonly sameModel: boolean;
  readonly at: AxisValues;
  /** Settings in which a call of the pipeline differs from the calls that are listed before it: "labels 3". */
  readonly settings: readonly string[];
}

type Learned = Omit<ExpectedYield, 'at' | 'settings'>;

/** The yield that a plan expects of each stage that samples. */
export interface Yields {
  readonly all: readonly ExpectedYield[];
  of(stage: PlannedStage): Learned | undefined;
}

/** Task, files and settings: what makes yields comparable. Undefined for stages that do not sample. */
function settingsOf(stage: Pick<PlannedStage, 'kind' | 'spec'>): string | undefined {
  const spec = sampledSpecOf(stage);
  if (spec === undefined) return undefined;
  const { what, task, fileDigests, pairs } = spec;
  // A program has no digest of its own.
  const labelledBy = 'annotator' in spec ? { name: spec.annotator, digest: spec.annotatorDigest } : undefined;
  return digestOf({ what, task, fileDigests, pairs, labelledBy });
}

/** An earlier stage that sampled. */
interface Sampled {
  readonly settings: string;
  readonly model: string;
  readonly rows: number;
  readonly prompts: number;
}

/** The base model below a frozen reference, by the inputs of the references above it. */
async function baseOf(key: string, inputsOf: (key: string) => Promise<string | undefined>): Promise<string> {
  const base = await inputsOf(key);
  return base === undefined ? key : baseOf(base, inputsOf);
}

const makes = ({ kind }: ArtifactId, what: Makes): boolean => rulesOf(kind)?.makes === what;

/** Stages that cannot be read teach nothing; the run reports them if it needs them. */
const read = async (store: Store, id: ArtifactId): Promise<ArtifactManifest | undefined> =>
  (await store.get(id).catch(() => undefined))?.manifest;

/** Data stages whose manifests are read: a large store must not slow a plan down. */
const mostStages = 500;

async function sampledIn(store: Store): Promise<Sampled[]> {
  const ids = await store.list('');
  const references = new Map(ids.filter((id) => makes(id, 'model')).map((id) => [id.key, id]));
  const inputsOf = async (key: string): Promise<string | undefined> => {
    const id = references.get(key);
    return id && (await read(store, id))?.inputs['base'];
  };
  const data = ids.filter((id) => makes(id, 'rows')).slice(0, mostStages);
  const found = data.map(async (id): Promise<Sampled[]> => {
    const { kind, spec, inputs = {}, metrics = {} } = (await read(store, id)) ?? {};
    const settings = kind && settingsOf({ kind, spec: spec as PlannedStage['spec'] });
    const { rows = 0, promptsScanned: prompts = 0 } = metrics;
    if (settings === undefined || prompts === 0) return [];
    return [{ settings, model: await baseOf(inputs['reference'] ?? '', inputsOf), rows, prompts }];
  });
  return (await Promise.all(found)).flat();
}

/** Digest of the base model that a planned stage samples after training. */
async function plannedModel({ inputs }: PlannedStage, byKey: ReadonlyMap<StageKey, PlannedStage>) {
  const { reference } = inputs;
  if (reference === undefined || !('stage' in reference)) return '';
  return baseOf(reference.stage, (key) => {
    const base = byKey.get(key)?.inputs['base'];
    return Promise.resolve(base && ('stage' in base ? base.stage : base.digest));
  });
}

function learn(what: Learned['what'], task: string, model: string, earlier: readonly Sampled[]): Learned {
  const same = earlier.filter((one) => one.model === model);
  const used = same.length > 0 ? same : earlier;
  const found = { what, task, stages: used.length, sameModel: same.length > 0 };
  const rows = used.reduce((sum, one) => sum + one.rows, 0);
  if (rows === 0)
    return {
      ...found,
      stages: 0,
      expected: expectedPairYield,
      low: expectedPairYield,
      high: expectedPairYield,
    };
  const yields = used.map((one) => one.rows / one.prompts);
  const prompts = used.reduce((sum, one) => sum + one.prompts, 0);
  return { ...found, expected: rows / prompts, low: Math.min(...yields), high: Math.max(...yields) };
}

interface Settings {
  readonly pairs: SampledSpec['pairs'];
}

/** Names the settings of calls that nothing else tells apart: a pipeline calls with settings of its own. */
function distinguish(all: readonly (Learned & Settings & { readonly at: AxisValues })[]): ExpectedYield[] {
  const nameOf = ({ what, task, at }: Omit<ExpectedYield, 'settings'>) => canonicalJson({ what, task, at });
  return all.map(({ pairs, ...found }) => {
    const first = all.find((other) => nameOf(other) === nameOf(found));
    return { ...found, settings: differences(first?.pairs, pairs) };
  });
}

/**
 * Learns from the store's data stages how many rows a sampled prompt yields: those of the same task, files and settings,
 * of the same base model if there are any. Only estimates use it: keys, and the rows that a budget buys, do not depend on
 * what a store has.
 */
export async function learnYields(
  store: Store,
  { stages, cells }: Pick<SweepPlan, 'stages' | 'cells'>,
): Promise<Yields> {
  const planned = stages.map(({ stage }) => stage);
  const byKey = new Map(planned.map((stage) => [stage.key, stage]));
  const sampling = planned.filter((stage) => sampledSpecOf(stage) !== undefined);
  const earlier = sampling.length === 0 ? [] : await sampledIn(store);
  const byStage = new Map<StageKey, { readonly key: string; readonly value: Learned & Settings }>();
  const byGroup = new Map<string, Learned>();
  for (const stage of sampling) {
    const settings = settingsOf(stage) ?? '';
    const model = await plannedModel(stage, byKey);
    const { what, task, pairs } = sampledSpecOf(stage)!;
    const group = `${settings} ${model}`;
    const alike = earlier.filter((one) => one.settings === settings);
    const found = byGroup.get(group) ?? learn(what, task, model, alike);
    byGroup.set(group, found);
    byStage.set(stage.key, { key: group, value: { ...found, pairs } });
  }
  const used = cells.flatMap(({ cell, stages: own }) =>
    own.flatMap(({ key }) => {
      const found = byStage.get(key);
      return found === undefined ? [] : [{ ...found, place: cell.axes }];
    }),
  );
  return { all: distinguish(atAxisValues(used)), of: ({ key }) => byStage.get(key)?.value };
}

/** A stage at the yield that a plan expects of it, or at the lowest or highest one. */
export function expectStage(
  stage: PlannedStage,
  yields: Yields | undefined,
  which: 'expected' | 'low' | 'high' = 'expected',
): PlannedStage {
  const found = yields?.of(stage);
  return found === undefined || found.stages === 0 ? stage : atYield(stage, found[which]);
}
