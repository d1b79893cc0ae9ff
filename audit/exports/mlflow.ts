import { nameOf, type Cell } from '../comparison/cells';
import type { LostCell } from '../comparison/lost-cells';
import type { ExportEvidence } from './evidence';

interface Named {
  readonly key: string;
  readonly value: string;
}

/** A run as MLflow's REST interface takes it. */
export interface MlflowRun {
  readonly run_name: string;
  readonly status: 'FINISHED' | 'FAILED' | 'KILLED';
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

/** An experiment with a run for each cell that ended. */
export interface MlflowExperiment {
  readonly name: string;
  readonly tags: readonly Named[];
  readonly runs: readonly MlflowRun[];
}

/** By which a run is found again: cells that share an evaluation are runs of their own. */
export const cellTag = 'budgetline.cell';

/** Why a cell has no score; empty where it has one. */
const failureTag = 'budgetline.failure';

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
  const ofAuxiliary = evaluation.auxiliary.flatMap((task) =>
    numbersIn(task).map(([name, value]): [string, number] => [`auxiliary.${task.name}.${name}`, value]),
  );
  const trained = stages.filter(({ kind }) => kind === 'trainSft' || kind === 'trainPreference');
  const ofStages = trained.flatMap(({ kind, key }) =>
    Object.entries(manifests.get(key)?.metrics ?? {}).map(([name, value]): [string, number] => [
      `${kind}.${name}`,
      value,
    ]),
  );
  return [...numbersIn(evaluation), ...ofAuxiliary, ...ofStages];
}

/** A parameter is set once: what may differ from one export to the next is a tag. */
function paramsOf({ axes = {}, ...place }: Cell['cell'] | LostCell['cell']): Named[] {
  return named({ ...place, ...axes });
}

function tagsOf({ cell: { id } }: Pick<Cell, 'cell'> | LostCell, { story }: ExportEvidence): Named[] {
  return named({
    [cellTag]: id,
    'budgetline.sweep': story.experimentId,
    'budgetline.definition': story.definitionDigest,
    'budgetline.head': story.anchor?.head ?? '',
  });
}

/** Stages of the cell that another sweep made, each with its maker. */
function reusedBy({ stages }: Cell, { story }: ExportEvidence): string {
  const keys = new Set(stages.map(({ key }) => key));
  const reused = story.stages.filter(({ key, state }) => state === 'reused' && keys.has(key));
  return reused.map(({ key, madeBy }) => `${key} made by ${madeBy ?? 'nobody known'}`).join('; ');
}

function renderRun(cell: Cell, evidence: ExportEvidence): MlflowRun {
  const to = Date.parse(cell.endedAt);
  return {
    run_name: nameOf(cell),
    status: 'FINISHED',
    ...{ start_time: Date.parse(cell.startedAt), end_time: to },
    params: paramsOf(cell.cell),
    tags: [
      ...tagsOf(cell, evidence),
      ...named({
        'budgetline.evaluation': cell.stages.at(-1)?.key ?? '',
        'budgetline.stages': cell.stages.map(({ key }) => key).join(' '),
        'budgetline.reused': reusedBy(cell, evidence),
        // The server may have the run from when it had failed.
        [failureTag]: '',
      }),
    ],
    metrics: figuresOf(cell, evidence).map(([name, value]) => ({
      key: metricName(name),
      ...{ value, timestamp: to, step: 0 },
    })),
  };
}

function renderLost(cell: LostCell, evidence: ExportEvidence): MlflowRun {
  const { how, reason, startedAt, endedAt } = cell;
  return {
    run_name: nameOf(cell),
    status: how === 'cancelled' ? 'KILLED' : 'FAILED',
    ...{ start_time: Date.parse(startedAt), end_time: Date.parse(endedAt) },
    params: paramsOf(cell.cell),
    tags: [...tagsOf(cell, evidence), ...named({ [failureTag]: reason })],
    metrics: [],
  };
}

/** A run as MLflow's tracking server is to have it. */
export function renderMlflow(evidence: ExportEvidence): MlflowExperiment {
  const { experimentId, definitionDigest } = evidence.story;
  const cells = evidence.cells();
  const scored = new Set(cells.map(({ cell: { id } }) => id));
  // A cell keeps its score where a later run of the sweep was cut short.
  const lost = evidence.lost().filter(({ cell: { id } }) => !scored.has(id));
  return {
    name: `budgetline/${experimentId}`,
    tags: named({ 'budgetline.definition': definitionDigest }),
    runs: [
      ...cells.map((cell) => renderRun(cell, evidence)),
      ...lost.map((cell) => renderLost(cell, evidence)),
    ],
  };
}
