import type { Cell } from '../comparison/cells';
import { nameOf } from '../comparison/cells';
import type { ExportEvidence } from './evidence';

interface Named {
  readonly key: string;
  readonly value: string;
}

/** A run as MLflow's REST interface takes it. */
export interface MlflowRun {
  readonly run_name: string;
  readonly start_time: number;
  readonly end_time: number;
  readonly params: readonly Named[];
  readonly tags: readonly Named[];
  readonly metrics: readonly {
    readonly key: string;
    readonly value: number;
    readonly timestamp: number;
    readonly step: number;
  }[];
}

/** An experiment with a run a cell. */
export interface MlflowExperiment {
  readonly name: string;
  readonly tags: readonly Named[];
  readonly runs: readonly MlflowRun[];
}

/** By which a run is found again, so that sending twice adds nothing. */
export const evaluationTag = 'budgetline.evaluation';

const named = (values: Readonly<Record<string, unknown>>): Named[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));

/** MLflow takes names of letters, digits and _ - . / and blanks. */
const metricName = (text: string): string => text.replace(/[^\w\-./ ]/g, '_');

const numbersIn = (values: object): [string, number][] =>
  Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number');

function figuresOf(cell: Cell, { manifests }: ExportEvidence): [string, number][] {
  const { evaluation, stages } = cell;
  const ofBeside = evaluation.beside.flatMap((task) =>
    numbersIn(task).map(([name, value]): [string, number] => [`beside.${task.name}.${name}`, value]),
  );
  const trained = stages.filter(({ kind }) => kind === 'trainSft' || kind === 'trainPreference');
  const ofStages = trained.flatMap(({ kind, key }) =>
    Object.entries(manifests.get(key)?.metrics ?? {}).map(([name, value]): [string, number] => [
      `${kind}.${name}`,
      value,
    ]),
  );
  return [...numbersIn(evaluation), ...ofBeside, ...ofStages];
}

function renderRun(cell: Cell, evidence: ExportEvidence): MlflowRun {
  const { story, manifests } = evidence;
  const keys = new Set(cell.stages.map(({ key }) => key));
  const made = cell.stages.flatMap(({ key }) => manifests.get(key)?.made.at ?? []).sort();
  const attempts = story.stages.filter(({ key }) => keys.has(key)).flatMap((stage) => stage.attempts);
  const begun = attempts.map(({ startedAt }) => startedAt).sort();
  const [from, to] = [Date.parse(begun[0] ?? story.openedAt), Date.parse(made.at(-1) ?? story.lastAt)];
  const last = cell.stages.at(-1);
  const { axes = {}, ...place } = cell.cell;
  return {
    run_name: nameOf(cell),
    ...{ start_time: from, end_time: to },
    params: named({ ...place, ...axes }),
    tags: named({
      [evaluationTag]: last?.key ?? '',
      'budgetline.sweep': story.experimentId,
      'budgetline.definition': story.definitionDigest,
      'budgetline.head': story.anchor?.head ?? '',
      'budgetline.stages': cell.stages.map(({ key }) => key).join(' '),
    }),
    metrics: figuresOf(cell, evidence).map(([name, value]) => ({
      key: metricName(name),
      ...{ value, timestamp: to, step: 0 },
    })),
  };
}

/** A run as MLflow's tracking server is to have it. */
export function renderMlflow(evidence: ExportEvidence): MlflowExperiment {
  const { experimentId, definitionDigest } = evidence.story;
  return {
    name: `budgetline/${experimentId}`,
    tags: named({ 'budgetline.definition': definitionDigest }),
    runs: evidence.cells().map((cell) => renderRun(cell, evidence)),
  };
}
