import type { ControlAnalysis, ControlEffect, FurtherControl } from '../contracts/analysis/controls';
import type { Estimate } from '../contracts/analysis/estimate';
import type { ControlUnit, Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import { formatDifference } from '../contracts/text';
import { sayBudget, sayScore } from './text';

/** Effect of a difference. `none`: its 95% interval is within ± the margin. */
export function judge({ estimate, low, high }: Estimate, margin: number): ControlEffect {
  if (low === null || high === null) return 'unclear';
  if (low > 0 && estimate > margin) return 'helps';
  if (high < 0 && estimate < -margin) return 'hurts';
  return low >= -margin && high <= margin ? 'none' : 'unclear';
}

type Meanings = Readonly<Record<ControlEffect, string>>;

const ofChosen: Meanings = {
  helps: 'the preference loss adds to the gain of SFT on the same data',
  none: 'the preference loss adds nothing: SFT on the same data gains as much',
  hurts: 'SFT on the same chosen answers is better, so the preference loss does not help',
  unclear: 'the effect of the preference loss is not significant',
};

const ofRejectionSamples: Meanings = {
  helps: 'pairs add to the gain of rejection sampling',
  none: 'pairs add nothing to rejection sampling',
  hurts: 'rejection sampling is better, so pairs do not help',
  unclear: 'the effect of pairs over rejection sampling is not significant',
};

const winnerControls = {
  'sft-on-chosen': { name: 'SFT on its chosen answers', meaning: ofChosen },
  'rejection-sampling': {
    name: 'SFT on rejection samples of the same warm start',
    meaning: ofRejectionSamples,
  },
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
  const scores = `the mixture scores ${sayScore(mixture)}, ${name} ${sayScore(control)}`;
  return {
    kind,
    budget,
    sftFraction,
    mixture,
    control,
    difference,
    lossEffect,
    overPureSft: pureSft === undefined ? null : intervalOf(inference.difference(unit, pureSft)),
    reading: `At ${sayBudget(budget, inference.grid.unit)} and SFT share ${sftFraction} ${scores}: a difference of ${formatDifference(difference)}; ${meaning[lossEffect]}.`,
  };
}

/** Compares winning mixtures with their ablations. */
export function analyzeControls(inference: Inference, margin: number): ControlAnalysis[] {
  const units = inference.grid.controls.filter(isWinnerControl);
  return units.map((unit) => analyzeControl(inference, unit, margin));
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
