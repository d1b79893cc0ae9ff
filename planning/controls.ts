import type { ControlKind, ResolvedExperiment, SweepDefinition } from '../contracts/definition';
import { type CellIdentity, controlIdOf } from '../contracts/results';
import type { PlannedStage } from '../contracts/stage';
import { type CellPlan, planCell } from './cell';
import { coordinatesSlug } from './identity';
import {
  demonstrationsStage,
  evaluateStage,
  freezeReferenceStage,
  rightSamplesStage,
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

type Settings = Pick<SweepDefinition, 'controls' | 'budgets' | 'fewShotExamples' | 'tuningBudget'>;

/** What a control makes of a cell, by setting; the setting of a control that has one only is empty. */
type Variation = readonly [setting: string, stages: readonly PlannedStage[]];

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

/** Single answers that somebody liked or not have no chosen ones. */
function chosenAnswers(cell: CellPlan): Variation[] {
  const { pairs } = cell;
  if (pairs === null || ('given' in pairs.spec && pairs.spec.given.kind === 'thumbs')) return [];
  return [['', sftOnTop(cell, pairs, 'chosen')]];
}

function rightSamples(cell: CellPlan): Variation[] {
  const { reference } = cell;
  const { pairRows: rows } = cell.cell;
  if (rows === 0) return [];
  return [['', sftOnTop(cell, rightSamplesStage(contextOf(cell), { reference, rows }), 'completion')]];
}

const usualExamples = 4;

function fewShot(cell: CellPlan, { fewShotExamples: rows = usualExamples }: Settings): Variation[] {
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

function withLikelihood(cell: CellPlan): Variation[] {
  const { beta, name } = cell.experiment.definition.preference.loss;
  const loss = { name: 'sigmoid-nll', beta, nllWeight: 1 };
  return name === loss.name ? [] : [['', changed(cell, { 'preference.loss': loss })]];
}

const factors = [0.5, 2] as const;

function learningRates(cell: CellPlan): Variation[] {
  const { learningRate } = cell.experiment.definition.preference;
  return factors.map((factor) => [
    `learning rate × ${factor}`,
    changed(cell, { 'preference.learningRate': learningRate * factor }),
  ]);
}

function betas(cell: CellPlan): Variation[] {
  const { beta } = cell.experiment.definition.preference.loss;
  return factors.map((factor) => [
    `beta × ${factor}`,
    changed(cell, { 'preference.loss.beta': beta * factor }),
  ]);
}

const variations: Readonly<Record<ControlKind, (cell: CellPlan, settings: Settings) => Variation[]>> = {
  'sft-on-chosen': chosenAnswers,
  'rejection-sampling': rightSamples,
  'few-shot': fewShot,
  'dpo-nll': withLikelihood,
  'learning-rate': learningRates,
  beta: betas,
};

function controlsOf(cell: CellPlan, kind: ControlKind, settings: Settings): ControlPlan[] {
  const of = cell.cell;
  return variations[kind](cell, settings).map(([setting, stages]) => {
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
const besideWinners: readonly ControlKind[] = ['sft-on-chosen', 'rejection-sampling'];

/** The cells beside which a control stands; of controls beside winners, all that can win. */
function placesOf(kind: ControlKind, cells: readonly CellPlan[], settings: Settings): readonly CellPlan[] {
  const { budgets, tuningBudget = Math.max(...budgets) } = settings;
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
      return cells.filter(({ cell }) => cell.budget === tuningBudget && cell.pairRows > 0);
  }
}

/** Most controls of each kind that a sweep can run: beside winners, one for each place, budget and seed. */
export function countControls({ certain, besideWinners }: PlannedControls): Map<ControlKind, number> {
  const budgets = besideWinners.map(({ kind, of }) =>
    [kind, of.budget, of.seed, coordinatesSlug(of.axes)].join(),
  );
  const counts = new Map<ControlKind, number>();
  const count = (kind: ControlKind): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const { kind } of certain) count(kind);
  besideWinners.forEach(({ kind }, index) => {
    if (budgets.indexOf(budgets[index]!) === index) count(kind);
  });
  return counts;
}

/** A sweep's controls: those that will run, and those of which it is known later. */
export interface PlannedControls {
  readonly certain: readonly ControlPlan[];
  /** Beside every mixture that may win; only those beside winners are run. */
  readonly besideWinners: readonly ControlPlan[];
}

/** Names the controls of a sweep before anything has run. */
export function planControls(cells: readonly CellPlan[], settings: Settings): PlannedControls {
  const planned = settings.controls.flatMap((kind) =>
    placesOf(kind, cells, settings).flatMap((cell) => controlsOf(cell, kind, settings)),
  );
  const waits = ({ kind }: ControlPlan): boolean => besideWinners.includes(kind);
  return {
    certain: planned.filter((control) => !waits(control)),
    besideWinners: planned.filter(waits),
  };
}
