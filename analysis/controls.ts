import type { ControlAnalysis, Estimate } from '../contracts/analysis';
import type { ControlUnit } from './grid';
import { intervalOf, type Inference } from './inference';
import { formatCount, formatGap, formatScore } from './text';

type LossEffect = ControlAnalysis['lossEffect'];

function judgeLoss({ estimate, low, high }: Estimate, delta: number): LossEffect {
  if (low === null || high === null) return 'unclear';
  if (low > 0 && estimate > delta) return 'helps';
  if (high < 0 && estimate < -delta) return 'hurts';
  return low >= -delta && high <= delta ? 'none' : 'unclear';
}

const meaning: Record<LossEffect, string> = {
  helps: 'the preference loss adds to what its data would give under plain SFT',
  none: 'the preference loss adds nothing that matters: what the mixture gains, its data give under plain SFT too',
  hurts: 'plain SFT on the same chosen answers does better, so the preference loss is not what helps',
  unclear: 'whether the preference loss adds anything to its data is open',
};

interface Figures {
  readonly mixture: Estimate;
  readonly control: Estimate;
  readonly difference: Estimate;
}

function readControl(unit: ControlUnit, figures: Figures, effect: LossEffect): string {
  const at = `At ${formatCount(unit.of.budget)} rows and r = ${unit.of.sftFraction}`;
  const scores = `the mixture scores ${formatScore(figures.mixture)}, SFT on its chosen answers ${formatScore(figures.control)}`;
  return `${at} ${scores}: a difference of ${formatGap(figures.difference)}; ${meaning[effect]}.`;
}

function analyzeControl(inference: Inference, unit: ControlUnit, delta: number): ControlAnalysis {
  const mixture = inference.score(unit.of);
  const control = inference.score(unit);
  const difference = intervalOf(inference.difference(unit.of, unit));
  const lossEffect = judgeLoss(difference, delta);
  const figures = { mixture, control, difference };
  const pureSft = inference.grid.groups.find(
    (group) => group.budget === unit.of.budget && group.sftFraction === 1,
  );
  return {
    kind: unit.kind,
    budget: unit.of.budget,
    sftFraction: unit.of.sftFraction,
    ...figures,
    overPureSft: pureSft === undefined ? null : intervalOf(inference.difference(unit, pureSft)),
    lossEffect,
    reading: readControl(unit, figures, lossEffect),
  };
}

/** Puts each control beside its mixture. */
export function analyzeControls(inference: Inference, delta: number): ControlAnalysis[] {
  return inference.grid.controls.map((unit) => analyzeControl(inference, unit, delta));
}
