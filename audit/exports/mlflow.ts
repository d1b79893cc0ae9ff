import { numberRepeats } from '../../contracts/text';
import { nameOf, type Cell } from '../comparison/cells';
import type { UnfinishedCell } from '../comparison/unfinished-cells';
import type { ExportEvidence } from './evidence';

interface Named {
  readonly key: string;
  readonly value: string;
}

/** A run in MLflow's REST API. */
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

/** An experiment with one run for each cell that ended. */
export interface MlflowExperiment {
  readonly name: string;
  readonly tags: readonly Named[];
  readonly runs: readonly MlflowRun[];
}

/** Tag that identifies the run of a cell. Cells that share an evaluation have separate runs. */
export const cellTag = 'budgetline.cell';

/** Tag with the reason of a failure; empty for a cell with a score. */
const failureTag = 'budgetline.failure';

const named = (values: Readonly<Record<string, unknown>>): Named[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));

/** MLflow allows letters, digits, _ - . / and blanks in names. */
const metricName = (text: string): string => text.replace(/[^\w\-./ ]/g, '_');

const numbersIn = (values: object): [string, number][] =>
  Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number');

/** Distinct names that MLflow allows. */
const metricNames = (texts: readonly string[]): string[] =>
  numberRepeats(texts.map(metricName), (name, count) => `${name} ${count}`);

/** Names of stages in metrics: the kind, with the title if the cell has several of the kind. */
function stageNames(stages: Cell['stages']): string[] {
  const isOnly = (kind: string): boolean => stages.filter((stage) => stage.kind === kind).length === 1;
  return metricNames(stages.map(({ kind, title }) => (isOnly(kind) ? kind : `${kind} ${title}`)));
}

function metricsOf(cell: Cell, { manifests }: ExportEvidence): [string, number][] {
  const { evaluation, stages } = cell;
  const tasks = metricNames(evaluation.auxiliary.map(({ name }) => name));
  const ofAuxiliary = evaluation.auxiliary.flatMap((task, at) =>
    numbersIn(task).map(([name, value]): [string, number] => [`auxiliary.${tasks[at]!}.${name}`, value]),
  );
  const measured = stages.filter(
    ({ key, makes }) => makes === 'adapter' || (makes === 'scores' && key !== evaluation.key),
  );
  const names = stageNames(measured);
  const ofStages = measured.flatMap(({ key }, at) =>
    Object.entries(manifests.get(key)?.metrics ?? {}).map(([name, value]): [string, number] => [
      `${names[at]!}.${name}`,
      value,
    ]),
  );
  return [...numbersIn(evaluation), ...ofAuxiliary, ...ofStages];
}

/** Params cannot be changed in MLflow, so values that may change between exports are tags. */
function paramsOf({ axes = {}, ...place }: Cell['cell'] | UnfinishedCell['cell']): Named[] {
  return named({ ...place, ...axes });
}

function tagsOf(
  { cell: { id } }: Pick<Cell, 'cell'> | UnfinishedCell,
  { timeline }: ExportEvidence,
): Named[] {
  return named({
    [cellTag]: id,
    'budgetline.sweep': timeline.experimentId,
    'budgetline.definition': timeline.definitionDigest,
    'budgetline.head': timeline.anchor?.head ?? '',
  });
}

/** Stages of the cell that another sweep made, each with that sweep. */
function reusedBy({ stages }: Cell, { timeline }: ExportEvidence): string {
  const keys = new Set(stages.map(({ key }) => key));
  const reused = timeline.stages.filter(({ key, state }) => state === 'reused' && keys.has(key));
  return reused.map(({ key, madeBy }) => `${key} made by ${madeBy ?? 'an unknown run'}`).join('; ');
}

function renderRun(cell: Cell, evidence: ExportEvidence): MlflowRun {
  const endedMs = Date.parse(cell.endedAt);
  return {
    run_name: nameOf(cell),
    status: 'FINISHED',
    start_time: Date.parse(cell.startedAt),
    end_time: endedMs,
    params: paramsOf(cell.cell),
    tags: [
      ...tagsOf(cell, evidence),
      ...named({
        'budgetline.evaluation': cell.evaluation.key,
        'budgetline.stages': cell.stages.map(({ key }) => key).join(' '),
        'budgetline.reused': reusedBy(cell, evidence),
        // Clears the reason of a failure that an earlier export sent.
        [failureTag]: '',
      }),
    ],
    metrics: metricsOf(cell, evidence).map(([name, value]) => ({
      key: metricName(name),
      value,
      timestamp: endedMs,
      step: 0,
    })),
  };
}

function renderUnfinished(cell: UnfinishedCell, evidence: ExportEvidence): MlflowRun {
  const { state, reason, startedAt, endedAt } = cell;
  return {
    run_name: nameOf(cell),
    status: state === 'cancelled' ? 'KILLED' : 'FAILED',
    start_time: Date.parse(startedAt),
    end_time: Date.parse(endedAt),
    params: paramsOf(cell.cell),
    tags: [...tagsOf(cell, evidence), ...named({ [failureTag]: reason })],
    metrics: [],
  };
}

/** Renders a sweep as an MLflow experiment. */
export function renderMlflow(evidence: ExportEvidence): MlflowExperiment {
  const { experimentId, definitionDigest } = evidence.timeline;
  const cells = evidence.cells();
  const scored = new Set(cells.map(({ cell: { id } }) => id));
  // A cell keeps its score if a later run of the sweep did not finish.
  const unfinished = evidence.unfinished().filter(({ cell: { id } }) => !scored.has(id));
  return {
    name: `budgetline/${experimentId}`,
    tags: named({ 'budgetline.definition': definitionDigest }),
    runs: [
      ...cells.map((cell) => renderRun(cell, evidence)),
      ...unfinished.map((cell) => renderUnfinished(cell, evidence)),
    ],
  };
}
