import { needsReference, lossTitle } from '../../contracts/loss-titles';
import type { PreferenceLoss } from '../../schemas/losses';
import type { TrainingEvidence } from '../input';
import { trainingCurves, type Curve, type CurvesData } from './curves';
import type { Chart } from './render';

export interface CurveSource {
  readonly training: readonly TrainingEvidence[];
  /** In the order of the other charts' legends, so that an SFT share keeps its colour. */
  readonly fractions: readonly number[];
  /** Loss of the preference stages. */
  readonly loss: PreferenceLoss;
}

function curvesOf(
  { training, fractions }: CurveSource,
  learnsFrom: TrainingEvidence['learnsFrom'],
  value: string,
): Curve[] {
  return training
    .filter((stage) => stage.learnsFrom === learnsFrom)
    .map(({ name, sftFraction, rows }) => ({
      name,
      series: Math.max(0, fractions.indexOf(sftFraction)),
      points: rows.flatMap(({ step, values }) =>
        values[value] === undefined ? [] : [{ step, value: values[value] }],
      ),
    }))
    .filter(({ points }) => points.length > 0);
}

/** A pair's loss while the policy equals the reference. Undefined: it depends on the rows. */
export function lossAtReference(loss: PreferenceLoss): number | undefined {
  switch (loss.name) {
    case 'sigmoid':
      return loss.sftWeight === undefined ? Math.LN2 : undefined;
    case 'robust':
    case 'sigmoid_norm':
      return Math.LN2;
    case 'hinge':
      return 1;
    case 'ipo':
      return 1 / (4 * loss.beta ** 2);
    case 'simpo':
    case 'kto':
      return undefined;
  }
}

function preferenceCurves(source: CurveSource): CurvesData[] {
  const { loss } = source;
  const title = lossTitle(loss);
  const curves = (value: string): Curve[] => curvesOf(source, 'pairs', value);
  const lossStart = lossAtReference(loss);
  const rewardStart = needsReference(loss.name) ? { start: 0 } : {};
  return [
    {
      name: 'preference-loss',
      title: `${title}: loss`,
      yTitle: loss.name === 'kto' ? 'Loss per answer' : 'Loss per pair',
      curves: curves('loss'),
      ...(lossStart === undefined ? {} : { start: lossStart }),
    },
    {
      name: 'preference-margin',
      title: `${title}: reward margin`,
      yTitle: 'Reward of chosen less rejected',
      curves: curves('rewards/margins'),
      ...rewardStart,
    },
    {
      name: 'preference-chosen',
      title: 'Reward of the chosen answer',
      yTitle: needsReference(loss.name) ? 'Reward of chosen' : 'Reward of chosen (β × mean per token)',
      curves: curves('rewards/chosen'),
      ...rewardStart,
    },
  ];
}

/** Training curves. Charts without data are left out. */
export function trainingCharts(source: CurveSource): Chart[] {
  const sft = {
    name: 'sft-loss',
    title: 'SFT loss',
    yTitle: 'Loss per supervised token (nats)',
    curves: curvesOf(source, 'demonstrations', 'loss'),
  };
  return [sft, ...preferenceCurves(source)].filter(({ curves }) => curves.length > 0).map(trainingCurves);
}
