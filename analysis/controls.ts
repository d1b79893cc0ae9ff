import type { ControlAnalysis, ControlEffect, FurtherControl } from '../contracts/analysis/controls';
import type { Estimate } from '../contracts/analysis/estimate';
import type { ControlUnit, Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import { countOf, formatCount, formatDifference } from '../contracts/text';
import { sayBudget, sayScore } from './text';
import { stepsOf } from './training';

/** Effect of a difference. `none`: its 95% interval is within ± the margin. */
export function judge({ estimate, low, high }: Estimate, margin: number): ControlEffect {
  if (low === null || high === null) return 'unclear';
  if (low > 0 && estimate > margin) return 'helps';
  if (high < 0 && estimate < -margin) return 'hurts';
  return low >= -margin && high <= margin ? 'none' : 'unclear';
}

type Meanings = Readonly<Record<ControlEffect, string>>;

const mixtureControls = {
  'sft-on-chosen': 'SFT on its chosen answers',
  'rejection-sampling': 'SFT on rejection samples of the same warm start',
} as const;

/** A control that trains on from the warm start of a mixture, in place of preference tuning. */
export type MixtureControl = ControlUnit & { readonly kind: keyof typeof mixtureControls };

export const isMixtureControl = (unit: ControlUnit): unit is MixtureControl => unit.kind in mixtureControls;

const higherBy: Readonly<Record<ControlEffect, ControlAnalysis['higher']>> = {
  helps: 'mixture',
  none: 'equal',
  hurts: 'control',
  unclear: 'unclear',
};

const comparisons: Readonly<Record<ControlAnalysis['higher'], string>> = {
  mixture: 'the mixture is higher',
  equal: 'they are equivalent',
  control: 'the control is higher',
  unclear: 'neither is significantly higher',
};

/** Learning rates of the definition, for controls that train with the one of SFT. */
export interface LearningRates {
  readonly sft: number;
  readonly preference: number;
}

/** Differences in training between a mixture and its control; both have the same epochs and batch size. */
function compareTraining({ of, trained }: MixtureControl, rates: LearningRates | undefined): string {
  const steps = { control: stepsOf(trained), mixture: stepsOf(of.trained) };
  const parts = [
    ...(rates === undefined || rates.sft === rates.preference
      ? []
      : [`at learning rate ${rates.sft}, preference tuning at ${rates.preference}`]),
    ...(steps.control === null || steps.mixture === null || steps.control === steps.mixture
      ? []
      : [
          `in ${countOf(steps.control, 'optimiser step')}, preference tuning in ${formatCount(steps.mixture)}`,
        ]),
  ];
  return parts.length === 0 ? '' : `The control trains ${parts.join(', and ')}.`;
}

function analyzeControl(
  inference: Inference,
  unit: MixtureControl,
  { margin, rates }: ControlRules,
): ControlAnalysis {
  const { kind, of } = unit;
  const { budget, sftFraction } = of;
  const mixture = inference.score(of);
  const control = inference.score(unit);
  const difference = intervalOf(inference.difference(of, unit));
  const higher = higherBy[judge(difference, margin)];
  const pureSft = inference.grid.groups.find((group) => group.budget === budget && group.sftFraction === 1);
  const scores = `the mixture scores ${sayScore(mixture)}, ${mixtureControls[kind]} ${sayScore(control)}`;
  return {
    kind,
    budget,
    sftFraction,
    mixture,
    control,
    difference,
    overPureSft: pureSft === undefined ? null : intervalOf(inference.difference(unit, pureSft)),
    higher,
    training: compareTraining(unit, rates),
    reading: `At ${sayBudget(budget, inference.grid.unit)} and SFT share ${sftFraction} ${scores}: a difference of ${formatDifference(difference)}; ${comparisons[higher]}.`,
  };
}

interface ControlRules {
  readonly margin: number;
  readonly rates: LearningRates | undefined;
}

/** Compares mixtures with SFT on the same data. */
export function analyzeControls(inference: Inference, rules: ControlRules): ControlAnalysis[] {
  const units = inference.grid.controls.filter(isMixtureControl);
  return units.map((unit) => analyzeControl(inference, unit, rules));
}

const ofPrompting: Meanings = {
  helps: 'prompting gains part of what training does',
  none: 'prompting alone gains nothing',
  hurts: 'prompting alone is worse than no demonstrations',
  unclear: 'the effect of prompting is not significant',
};

const ofLikelihood: Meanings = {
  helps: 'a likelihood term gains part of what a warm start does',
  none: 'a likelihood term does not replace a warm start',
  hurts: 'a likelihood term makes the score worse',
  unclear: 'the effect of a likelihood term is not significant',
};

interface Comparator {
  readonly without: Unit;
  /** Names the control, at the start of a sentence. */
  readonly name: string;
  readonly meaning: Meanings;
}

/** The unit that a control is compared with. Null: another kind of control, or no base score. */
function comparatorOf({ grid }: Inference, { kind, of }: ControlUnit): Comparator | null {
  if (kind === 'few-shot') {
    const name = 'The base model with demonstrations in its prompt, untrained,';
    return grid.base && { without: grid.base, name, meaning: ofPrompting };
  }
  if (kind !== 'dpo-nll') return null;
  const name = `At ${sayBudget(of.budget, grid.unit)}, SFT share 0 with a cross-entropy term on the chosen answers`;
  return { without: of, name, meaning: ofLikelihood };
}

function analyzeFurther(inference: Inference, unit: ControlUnit, margin: number): FurtherControl[] {
  const auxiliary = comparatorOf(inference, unit);
  if (auxiliary === null) return [];
  const control = inference.score(unit);
  const without = inference.score(auxiliary.without);
  const difference = intervalOf(inference.difference(unit, auxiliary.without));
  const effect = judge(difference, margin);
  const scores = `scores ${sayScore(control)}, without ${sayScore(without)}`;
  return [
    {
      kind: unit.kind as FurtherControl['kind'],
      budget: unit.kind === 'few-shot' ? null : unit.of.budget,
      control,
      without,
      difference,
      effect,
      reading: `${auxiliary.name} ${scores}: a difference of ${formatDifference(difference)}; ${auxiliary.meaning[effect]}.`,
    },
  ];
}

/** Controls without a winning mixture: prompting instead of training, a likelihood term instead of a warm start. */
export function analyzeFurtherControls(inference: Inference, margin: number): FurtherControl[] {
  return inference.grid.controls.flatMap((unit) => analyzeFurther(inference, unit, margin));
}
