import { isMixture } from '../contracts/best-split';
import { numFewShotOf } from '../contracts/few-shot';
import { lossFacts } from '../losses/facts';
import { sigmoid } from '../losses/sigmoid';
import type { ControlKind } from '../schemas/controls';
import type { SweepDefinition } from '../schemas/definition';
import { type CellIdentity, controlIdOf } from '../contracts/results';
import { assertExamplesAreThere, assertFitsPool, type CellPlan, planCell } from './cell';
import { coordinatesSlug } from './identity';
import { inOrder } from './in-order';
import { listPriceUsd } from './money';
import { warmStart } from './pipeline';
import { type PlannedPipeline, planPipeline } from './planned-pipeline';
import { applyChanges } from './variants';

/** A control of a cell. It shares stages with the cell where keys are equal. */
export interface ControlPlan extends PlannedPipeline {
  /** Its id in progress and results. */
  readonly id: string;
  readonly kind: ControlKind;
  /** The changed setting, e.g. "beta × 0.5"; left out where a kind has one setting only. */
  readonly setting?: string;
  /** The cell that it is compared with. */
  readonly of: CellIdentity;
  /** US dollars for its rows, as if bought for this control alone. */
  readonly annotationUsd: number;
}

type Settings = Pick<SweepDefinition, 'controls' | 'budgets' | 'numFewShot' | 'sensitivityBudget'>;

/** One setting of a control and its pipeline; the setting is empty where there is only one. */
type Variation = readonly [setting: string, planned: PlannedPipeline];

/** The variations of a cell, or the reason why there are none. */
type Variations = readonly Variation[] | string;

const needsPairs = 'annotations.preferences holds unpaired answers, and it needs pairs';

/** Its pipeline replaces the last step of the built-in one, which a pipeline of the user may not have. */
const needsBuiltIn = 'the definition has a pipeline of its own';

const hasOwnPipeline = ({ experiment }: CellPlan): boolean => experiment.members?.pipeline !== undefined;

const isUnpaired = ({ stages }: CellPlan): boolean => stages.some(({ rows }) => rows?.format === 'unpaired');

/** The cell's frozen warm start, which shows what preference tuning added. */
async function warmStartAlone(plan: CellPlan): Promise<Variations> {
  if (hasOwnPipeline(plan)) return needsBuiltIn;
  const planned = await planPipeline(plan.context, async (stages) =>
    stages.evaluate({ reference: await warmStart(stages, plan.cell) }),
  );
  return [['', planned]];
}

/** As many epochs and rows per step as preference tuning has, so that optimiser steps are equal. */
function stepsOfPreference({ experiment }: CellPlan): { epochs: number; batchSize: number } {
  const { epochs, batchSize } = experiment.definition.preference;
  return { epochs, batchSize };
}

/** SFT on the chosen answers of the cell's pairs, on top of its frozen warm start. */
async function chosenAnswers(plan: CellPlan): Promise<Variations> {
  const { cell } = plan;
  if (hasOwnPipeline(plan)) return needsBuiltIn;
  if (cell.pairRows === 0 || isUnpaired(plan)) return needsPairs;
  const planned = await planPipeline(plan.context, async (stages) => {
    const reference = await warmStart(stages, cell);
    const data = await stages.synthesizeData({ rows: cell.pairRows, reference });
    const adapter = await stages.trainSft({
      data,
      base: reference,
      column: 'chosen',
      ...stepsOfPreference(plan),
    });
    return stages.evaluate({ reference, adapter });
  });
  return [['', planned]];
}

/** SFT on correct samples of the warm start. Samples the pool's prompts even where the pairs come from a user's file. */
async function rejectionSamples(plan: CellPlan): Promise<Variations> {
  const { cell, experiment } = plan;
  if (hasOwnPipeline(plan)) return needsBuiltIn;
  const { pairRows: rows } = cell;
  assertFitsPool(experiment, `the control "rejection-sampling" at ${rows} rows`, rows);
  const planned = await planPipeline(plan.context, async (stages) => {
    const reference = await warmStart(stages, cell);
    const data = await stages.synthesizeData({ rows, reference, what: 'rejection-samples' });
    const adapter = await stages.trainSft({ data, base: reference, ...stepsOfPreference(plan) });
    return stages.evaluate({ reference, adapter });
  });
  return [['', planned]];
}

async function fewShot(cell: CellPlan, settings: Settings): Promise<Variations> {
  const rows = numFewShotOf(settings);
  assertExamplesAreThere(cell.experiment, rows);
  const planned = await planPipeline(cell.context, async (stages) => {
    const shots = await stages.synthesizeData({ rows });
    const reference = await stages.freezeReference({ adapter: null });
    return stages.evaluate({ reference, fewShot: shots });
  });
  return [['', planned]];
}

/** The cell's pipeline with some fields of its definition changed. */
async function changed(
  { experiment, cell: { axes } }: CellPlan,
  changes: Readonly<Record<string, unknown>>,
): Promise<PlannedPipeline> {
  const definition = applyChanges(experiment.definition, changes);
  const { context, pipeline, stages, evaluation, continuesAfter, budget, boundUsd } = await planCell(
    { ...experiment, definition },
    { axes },
  );
  return { context, pipeline, stages, evaluation, continuesAfter, budget, boundUsd };
}

/** Adds the SFT term to the cell's loss, or to DPO's where the cell's has none. */
async function withLikelihood(cell: CellPlan): Promise<Variations> {
  if (isUnpaired(cell)) return needsPairs;
  const { definition, loss: user } = cell.experiment;
  const { loss } = definition.preference;
  if ('sftWeight' in loss && loss.sftWeight !== undefined)
    return 'preference.loss has a field "sftWeight" already';
  const tuned = lossFacts(loss, user?.facts).sftTerm ? loss : { name: sigmoid.name, beta: loss.beta };
  return [['', await changed(cell, { 'preference.loss': { ...tuned, sftWeight: 1 } })]];
}

const factors = [0.5, 2] as const;

function learningRates(cell: CellPlan): Promise<Variations> {
  const { learningRate } = cell.experiment.definition.preference;
  return inOrder(factors, async (factor) => [
    `learning rate × ${factor}`,
    await changed(cell, { 'preference.learningRate': learningRate * factor }),
  ]);
}

function betas(cell: CellPlan): Promise<Variations> {
  const { beta } = cell.experiment.definition.preference.loss;
  return inOrder(factors, async (factor) => [
    `beta × ${factor}`,
    await changed(cell, { 'preference.loss.beta': beta * factor }),
  ]);
}

const variations: Readonly<Record<ControlKind, (cell: CellPlan, settings: Settings) => Promise<Variations>>> =
  {
    'warm-start': warmStartAlone,
    'sft-on-chosen': chosenAnswers,
    'rejection-sampling': rejectionSamples,
    'few-shot': fewShot,
    'dpo-nll': withLikelihood,
    'learning-rate': learningRates,
    beta: betas,
  };

/** Whether two pipelines have the same result; unknown results differ. */
const haveSameResult = ({ evaluation: a }: PlannedPipeline, { evaluation: b }: PlannedPipeline): boolean =>
  a !== null && a.key === b?.key;

/** A cell's controls of a kind, or the reason why there are none. */
async function controlsOf(
  cell: CellPlan,
  kind: ControlKind,
  settings: Settings,
): Promise<(ControlPlan | string)[]> {
  const of = cell.cell;
  const made = await variations[kind](cell, settings);
  if (typeof made === 'string') return [made];
  const different = made.filter(([, planned]) => !haveSameResult(planned, cell));
  if (different.length === 0) return ['the pipeline does not use the setting that it changes'];
  return different.map(([setting, planned]) => {
    const named = { kind, setting: setting === '' ? undefined : setting };
    const annotationUsd = listPriceUsd(planned.stages);
    return { id: controlIdOf({ of: of.id, ...named }), ...named, of, annotationUsd, ...planned };
  });
}

/** For each place on the axes and seed: the cell of the smallest budget with most demonstrations. */
function firstCells(cells: readonly CellPlan[]): CellPlan[] {
  const first = new Map<string, CellPlan>();
  for (const cell of cells) {
    const { axes, seed, budget, sftRows } = cell.cell;
    const group = `${seed}${coordinatesSlug(axes)}`;
    const known = first.get(group)?.cell;
    if (known === undefined || budget < known.budget || (budget === known.budget && sftRows > known.sftRows))
      first.set(group, cell);
  }
  return [...first.values()];
}

/** Controls that run only for the best mixture of each budget, which is known when cells have ended. */
const winnerControls: readonly ControlKind[] = ['sft-on-chosen', 'rejection-sampling'];

/** The cells that a control may run for; for winner controls, all mixtures. */
function cellsFor(kind: ControlKind, cells: readonly CellPlan[], settings: Settings): readonly CellPlan[] {
  const { budgets, sensitivityBudget = Math.max(...budgets) } = settings;
  switch (kind) {
    case 'warm-start':
    case 'sft-on-chosen':
    case 'rejection-sampling':
      return cells.filter(({ cell }) => isMixture(cell));
    case 'few-shot':
      return firstCells(cells);
    case 'dpo-nll':
      return cells.filter(({ cell }) => cell.sftRows === 0);
    case 'learning-rate':
    case 'beta':
      return cells.filter(({ cell }) => cell.budget === sensitivityBudget && cell.pairRows > 0);
  }
}

/** Why a grid has no cell for a control. */
function reasonOf(
  kind: ControlKind,
  { budgets, sensitivityBudget = Math.max(...budgets) }: Settings,
): string {
  switch (kind) {
    case 'warm-start':
    case 'sft-on-chosen':
    case 'rejection-sampling':
      return 'no cell buys both demonstrations and pairs';
    case 'few-shot':
      return 'there is no cell';
    case 'dpo-nll':
      return 'no cell buys pairs alone';
    case 'learning-rate':
    case 'beta':
      return `no cell of budget ${sensitivityBudget} buys pairs`;
  }
}

/** A grid's controls of a kind, or the reasons why there are none. */
async function controlsOfKind(
  kind: ControlKind,
  cells: readonly CellPlan[],
  settings: Settings,
): Promise<(ControlPlan | string)[]> {
  const compared = cellsFor(kind, cells, settings);
  if (compared.length === 0) return [reasonOf(kind, settings)];
  return (await inOrder(compared, (cell) => controlsOf(cell, kind, settings))).flat();
}

/** Largest number of controls of each kind that a sweep can run; winner controls once per place, budget and seed. */
export function countControls({ certain, winnerControls }: PlannedControls): Map<ControlKind, number> {
  const budgets = winnerControls.map(({ kind, of }) =>
    [kind, of.budget, of.seed, coordinatesSlug(of.axes)].join(),
  );
  const counts = new Map<ControlKind, number>();
  const count = (kind: ControlKind): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const { kind } of certain) count(kind);
  winnerControls.forEach(({ kind }, index) => {
    if (budgets.indexOf(budgets[index]!) === index) count(kind);
  });
  return counts;
}

/** A sweep's planned controls. */
export interface PlannedControls {
  /** Controls that will run. */
  readonly certain: readonly ControlPlan[];
  /** Controls of every mixture; only those of the best mixture of each budget run. */
  readonly winnerControls: readonly ControlPlan[];
  /** Requested controls that cannot run, each as a sentence with the reason. */
  readonly unavailable: readonly string[];
}

/** Plans the controls of a sweep. */
export async function planControls(cells: readonly CellPlan[], settings: Settings): Promise<PlannedControls> {
  const made = await inOrder(
    settings.controls,
    async (kind) => [kind, await controlsOfKind(kind, cells, settings)] as const,
  );
  const planned = made.flatMap(([, each]) => each.filter((control) => typeof control !== 'string'));
  const unavailable = made.flatMap(([kind, each]) =>
    each.flatMap((reason) =>
      typeof reason === 'string' ? [`The control "${kind}" does not run: ${reason}.`] : [],
    ),
  );
  const isForWinners = ({ kind }: ControlPlan): boolean => winnerControls.includes(kind);
  return {
    certain: planned.filter((control) => !isForWinners(control)),
    winnerControls: planned.filter(isForWinners),
    unavailable: [...new Set(unavailable)],
  };
}
