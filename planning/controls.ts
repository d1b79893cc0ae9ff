import type { ControlKind, SweepDefinition } from '../schemas/definition';
import type { ResolvedExperiment } from '../contracts/resolved';
import { type CellIdentity, controlIdOf } from '../contracts/results';
import type { PlannedStage } from '../contracts/stage';
import { assertExamplesAreThere, assertFitsPool, type CellPlan, planCell } from './cell';
import { coordinatesSlug } from './identity';
import {
  demonstrationsStage,
  evaluateStage,
  freezeReferenceStage,
  rejectionSamplesStage,
  type StageContext,
  trainSftStage,
} from './stages';
import { applyChanges } from './variants';

/** A control beside a cell: the stages behind its score. What they share with the cell is there already. */
export interface ControlPlan {
  /** Names it in progress and results. */
  readonly id: string;
  readonly kind: ControlKind;
  /** What it has in place of the cell's own, e.g. "beta × 0.5"; left out where the kind says it all. */
  readonly setting?: string;
  readonly of: CellIdentity;
  readonly experiment: ResolvedExperiment;
  /** Inputs before their readers; the last one evaluates. */
  readonly stages: readonly PlannedStage[];
}

type Settings = Pick<SweepDefinition, 'controls' | 'budgets' | 'numFewShot' | 'sensitivityBudget'>;

/** What a control makes of a cell, by setting; the setting of a control that has one only is empty. */
type Variation = readonly [setting: string, stages: readonly PlannedStage[]];

/** Or why it can make nothing of it. */
type Variations = readonly Variation[] | string;

const singleAnswers = 'annotations.preferences holds single answers, and it needs pairs';

const isUnpaired = ({ pairs }: CellPlan): boolean =>
  pairs !== null && 'userRows' in pairs.spec && pairs.spec.userRows.kind === 'unpaired';

const contextOf = ({ experiment }: CellPlan): StageContext => ({
  resolved: experiment,
  seed: experiment.definition.seed,
});

const present = (stages: readonly (PlannedStage | null)[]): PlannedStage[] =>
  stages.filter((stage) => stage !== null);

/** Plain SFT on top of the cell's frozen warm start. */
function sftOnTop(cell: CellPlan, data: PlannedStage<'synthesizeData'>, column: 'completion' | 'chosen') {
  const { demonstrations, sft, reference } = cell;
  const context = contextOf(cell);
  const adapter = trainSftStage(context, { data, base: reference, column });
  const evaluation = evaluateStage(context, { reference, adapter });
  return present([demonstrations, sft, reference, data, adapter, evaluation]);
}

function chosenAnswers(cell: CellPlan): Variations {
  const { pairs } = cell;
  if (pairs === null || isUnpaired(cell)) return singleAnswers;
  return [['', sftOnTop(cell, pairs, 'chosen')]];
}

/** Its samples are of the pool's prompts, also where the pairs are of the user's file. */
function rejectionSamples(cell: CellPlan): Variations {
  const { reference, experiment } = cell;
  const { pairRows: rows } = cell.cell;
  assertFitsPool(experiment, `the control "rejection-sampling" at ${rows} rows`, rows);
  return [['', sftOnTop(cell, rejectionSamplesStage(contextOf(cell), { reference, rows }), 'completion')]];
}

const usualExamples = 4;

function fewShot(cell: CellPlan, { numFewShot: rows = usualExamples }: Settings): Variations {
  assertExamplesAreThere(cell.experiment, rows);
  const context = contextOf(cell);
  const fewShot = demonstrationsStage(context, { rows });
  const reference = freezeReferenceStage(context, { adapter: null });
  const evaluation = evaluateStage(context, { reference, adapter: null, fewShot });
  return [['', [fewShot, reference, evaluation]]];
}

/** The cell with other values in some fields. */
function changed(
  { experiment }: CellPlan,
  changes: Readonly<Record<string, unknown>>,
): readonly PlannedStage[] {
  return planCell({ ...experiment, definition: applyChanges(experiment.definition, changes) }).stages;
}

function withLikelihood(cell: CellPlan): Variations {
  if (isUnpaired(cell)) return singleAnswers;
  const { loss } = cell.experiment.definition.preference;
  if (loss.name === 'sigmoid' && loss.sftWeight !== undefined)
    return 'preference.loss has a field "sftWeight" already';
  const dpo = loss.name === 'sigmoid' ? loss : { name: 'sigmoid', beta: loss.beta };
  return [['', changed(cell, { 'preference.loss': { ...dpo, sftWeight: 1 } })]];
}

const factors = [0.5, 2] as const;

function learningRates(cell: CellPlan): Variations {
  const { learningRate } = cell.experiment.definition.preference;
  return factors.map((factor) => [
    `learning rate × ${factor}`,
    changed(cell, { 'preference.learningRate': learningRate * factor }),
  ]);
}

function betas(cell: CellPlan): Variations {
  const { beta } = cell.experiment.definition.preference.loss;
  return factors.map((factor) => [
    `beta × ${factor}`,
    changed(cell, { 'preference.loss.beta': beta * factor }),
  ]);
}

const variations: Readonly<Record<ControlKind, (cell: CellPlan, settings: Settings) => Variations>> = {
  'sft-on-chosen': chosenAnswers,
  'rejection-sampling': rejectionSamples,
  'few-shot': fewShot,
  'dpo-nll': withLikelihood,
  'learning-rate': learningRates,
  beta: betas,
};

/** A cell's controls of a kind, or why there is none of it. */
function controlsOf(cell: CellPlan, kind: ControlKind, settings: Settings): (ControlPlan | string)[] {
  const of = cell.cell;
  const made = variations[kind](cell, settings);
  if (typeof made === 'string') return [made];
  return made.map(([setting, stages]) => {
    const named = setting === '' ? {} : { setting };
    const id = controlIdOf({ of: of.id, kind, ...named });
    return { id, kind, ...named, of, experiment: cell.experiment, stages };
  });
}

/** Of each place on the axes and seed, the cell of the smallest budget that has most SFT. */
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

const isMixture = ({ cell }: CellPlan): boolean => cell.sftRows > 0 && cell.pairRows > 0;

/** Controls that stand beside winning mixtures alone; which these are is known when cells have ended. */
const winnerControls: readonly ControlKind[] = ['sft-on-chosen', 'rejection-sampling'];

/** The cells beside which a control stands; of controls beside winners, all that can win. */
function placesOf(kind: ControlKind, cells: readonly CellPlan[], settings: Settings): readonly CellPlan[] {
  const { budgets, sensitivityBudget = Math.max(...budgets) } = settings;
  switch (kind) {
    case 'sft-on-chosen':
    case 'rejection-sampling':
      return cells.filter(isMixture);
    case 'few-shot':
      return firstCells(cells);
    case 'dpo-nll':
      return cells.filter(({ cell }) => cell.sftRows === 0);
    case 'learning-rate':
    case 'beta':
      return cells.filter(({ cell }) => cell.budget === sensitivityBudget && cell.pairRows > 0);
  }
}

/** What a grid needs so that a control has a cell to be compared with. */
function needOf(kind: ControlKind, { budgets, sensitivityBudget = Math.max(...budgets) }: Settings): string {
  switch (kind) {
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

/** The same of a grid. */
function controlsOfKind(
  kind: ControlKind,
  cells: readonly CellPlan[],
  settings: Settings,
): (ControlPlan | string)[] {
  const places = placesOf(kind, cells, settings);
  if (places.length === 0) return [needOf(kind, settings)];
  return places.flatMap((cell) => controlsOf(cell, kind, settings));
}

/** Most controls of each kind that a sweep can run: beside winners, one for each place, budget and seed. */
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

/** A sweep's controls: those that will run, and those of which it is known later. */
export interface PlannedControls {
  readonly certain: readonly ControlPlan[];
  /** Beside every mixture that may win; only those beside winners are run. */
  readonly winnerControls: readonly ControlPlan[];
  /** Those that were asked for and cannot be made, with the reason, as sentences. */
  readonly unmade: readonly string[];
}

/** Names the controls of a sweep before anything has run. */
export function planControls(cells: readonly CellPlan[], settings: Settings): PlannedControls {
  const made = settings.controls.map((kind) => [kind, controlsOfKind(kind, cells, settings)] as const);
  const planned = made.flatMap(([, each]) => each.filter((control) => typeof control !== 'string'));
  const unmade = made.flatMap(([kind, each]) =>
    each.flatMap((reason) =>
      typeof reason === 'string' ? [`The control "${kind}" is not run: ${reason}.`] : [],
    ),
  );
  const waits = ({ kind }: ControlPlan): boolean => winnerControls.includes(kind);
  return {
    certain: planned.filter((control) => !waits(control)),
    winnerControls: planned.filter(waits),
    unmade: [...new Set(unmade)],
  };
}
