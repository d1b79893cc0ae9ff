import type { ControlAnalysis, ControlEffect, Estimate, FurtherControl } from '../contracts/analysis';
import type { ControlUnit, Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import { formatGap, formatScore, sayBudget } from './text';

/** What a difference says; none is one within ± delta beyond doubt. */
export function judge({ estimate, low, high }: Estimate, margin: number): ControlEffect {
  if (low === null || high === null) return 'unclear';
  if (low > 0 && estimate > margin) return 'helps';
  if (high < 0 && estimate < -margin) return 'hurts';
  return low >= -margin && high <= margin ? 'none' : 'unclear';
}

type Meanings = Readonly<Record<ControlEffect, string>>;

const ofChosen: Meanings = {
  helps: 'the preference loss adds to what its data would give under plain SFT',
  none: 'the preference loss adds nothing that matters: what the mixture gains, its data give under plain SFT too',
  hurts: 'plain SFT on the same chosen answers does better, so the preference loss is not what helps',
  unclear: 'whether the preference loss adds anything to its data is open',
};

const ofRightSamples: Meanings = {
  helps: 'pairs and their loss add to what right samples alone would give',
  none: 'pairs add nothing that matters to right samples alone',
  hurts: 'right samples alone do better, so pairs are not what helps',
  unclear: 'whether pairs add anything to right samples alone is open',
};

const winnerControls = {
  'sft-on-chosen': { name: 'SFT on its chosen answers', meaning: ofChosen },
  'rejection-sampling': { name: 'SFT on right samples of the same warm start', meaning: ofRightSamples },
} as const;

type WinnerKind = keyof typeof winnerControls;

const isWinnerControl = (unit: ControlUnit): unit is ControlUnit & { readonly kind: WinnerKind } =>
  unit.kind in winnerControls;

function analyzeControl(
  inference: Inference,
  unit: ControlUnit & { readonly kind: WinnerKind },
  margin: number,
): ControlAnalysis {
  const { kind, of } = unit;
  const { budget, sftFraction } = of;
  const mixture = inference.score(of);
  const control = inference.score(unit);
  const difference = intervalOf(inference.difference(of, unit));
  const lossEffect = judge(difference, margin);
  const pureSft = inference.grid.groups.find((group) => group.budget === budget && group.sftFraction === 1);
  const { name, meaning } = winnerControls[kind];
  const scores = `the mixture scores ${formatScore(mixture)}, ${name} ${formatScore(control)}`;
  return {
    ...{ kind, budget, sftFraction, mixture, control, difference, lossEffect },
    overPureSft: pureSft === undefined ? null : intervalOf(inference.difference(unit, pureSft)),
    reading: `At ${sayBudget(budget, inference.grid.unit)} and r = ${sftFraction} ${scores}: a difference of ${formatGap(difference)}; ${meaning[lossEffect]}.`,
  };
}

/** Puts the controls of winning mixtures beside them. */
export function analyzeControls(inference: Inference, margin: number): ControlAnalysis[] {
  const units = inference.grid.controls.filter(isWinnerControl);
  return units.map((unit) => analyzeControl(inference, unit, margin));
}

const ofPrompting: Meanings = {
  helps: 'part of what training gains is to be had by prompting',
  none: 'prompting alone gains nothing that matters',
  hurts: 'prompting alone loses',
  unclear: 'whether prompting alone gains anything is open',
};

const ofLikelihood: Meanings = {
  helps: 'a likelihood term gives part of what a warm start gives',
  none: 'a likelihood term does not take the place of a warm start',
  hurts: 'a likelihood term makes it worse',
  unclear: 'whether a likelihood term changes anything is open',
};

interface Comparator {
  readonly without: Unit;
  /** What the two are, for a sentence. */
  readonly name: string;
  readonly meaning: Meanings;
}

/** What a control stands against; null for controls of other sorts, and where the base was not evaluated. */
function comparatorOf({ grid }: Inference, { kind, of }: ControlUnit): Comparator | null {
  if (kind === 'few-shot') {
    const name = 'The base model with demonstrations in its prompt, untrained,';
    return grid.base && { without: grid.base, name, meaning: ofPrompting };
  }
  if (kind !== 'dpo-nll') return null;
  const name = `At ${sayBudget(of.budget, grid.unit)}, r = 0 with a cross-entropy term on the chosen answers`;
  return { without: of, name, meaning: ofLikelihood };
}

function analyzeFurther(inference: Inference, unit: ControlUnit, margin: number): FurtherControl[] {
  const auxiliary = comparatorOf(inference, unit);
  if (auxiliary === null) return [];
  const control = inference.score(unit);
  const without = inference.score(auxiliary.without);
  const difference = intervalOf(inference.difference(unit, auxiliary.without));
  const effect = judge(difference, margin);
  const scores = `scores ${formatScore(control)}, without ${formatScore(without)}`;
  return [
    {
      kind: unit.kind as FurtherControl['kind'],
      budget: unit.kind === 'few-shot' ? null : unit.of.budget,
      ...{ control, without, difference, effect },
      reading: `${auxiliary.name} ${scores}: a difference of ${formatGap(difference)}; ${auxiliary.meaning[effect]}.`,
    },
  ];
}

/** The controls that no winner is needed for: prompting in place of training, a likelihood term in place of a warm start. */
export function analyzeFurtherControls(inference: Inference, margin: number): FurtherControl[] {
  return inference.grid.controls.flatMap((unit) => analyzeFurther(inference, unit, margin));
}
