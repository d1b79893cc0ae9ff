import type { LossFacts } from '../../losses/facts';
import type { TrainingEvidence } from '../input';
import { trainingCurves, type Curve, type CurvePoint, type CurvesData } from './curves';
import type { Chart } from './render';

export interface CurveSource {
  readonly training: readonly TrainingEvidence[];
  /** In the order of the other charts' legends, so that an SFT share keeps its colour. */
  readonly fractions: readonly number[];
  /** Loss of the preference stages. */
  readonly loss: LossFacts;
}

const pointsOf = (rows: TrainingEvidence['rows'], value: string): CurvePoint[] =>
  rows.flatMap(({ step, values }) => (values[value] === undefined ? [] : [{ step, value: values[value] }]));

/** Curves of one cell have its colour, each with its own dash. */
function curvesOf(
  { training, fractions }: CurveSource,
  learnsFrom: TrainingEvidence['learnsFrom'],
  [value, heldOut]: readonly [value: string, heldOut?: string],
): Curve[] {
  const stages = training.filter((stage) => stage.learnsFrom === learnsFrom);
  return stages
    .map(({ name, sftFraction, rows }, at) => {
      const series = Math.max(0, fractions.indexOf(sftFraction));
      const before = stages.slice(0, at).filter((stage) => stage.sftFraction === sftFraction);
      return {
        name,
        series,
        dash: series + before.length,
        points: pointsOf(rows, value),
        heldOut: heldOut === undefined ? undefined : pointsOf(rows, heldOut),
      };
    })
    .filter(({ points }) => points.length > 0);
}

function preferenceCurves(source: CurveSource): CurvesData[] {
  const { title, rows, needsReference, rewardEquation, lossAtReference } = source.loss;
  const curves = (value: string): Curve[] => curvesOf(source, 'pairs', [value]);
  const rewardStart = needsReference ? 0 : undefined;
  return [
    {
      name: 'preference-loss',
      title: `${title}: loss`,
      yTitle: rows === 'unpaired' ? 'Loss per answer' : 'Loss per pair',
      curves: curves('loss'),
      start: lossAtReference ?? undefined,
    },
    {
      name: 'preference-margin',
      title: `${title}: reward margin`,
      yTitle: 'Reward of chosen less rejected',
      curves: curves('rewards/margins'),
      start: rewardStart,
    },
    {
      name: 'preference-chosen',
      title: 'Reward of the chosen answer',
      yTitle: needsReference ? 'Reward of chosen' : `Reward of chosen (${rewardEquation})`,
      curves: curves('rewards/chosen'),
      start: rewardStart,
    },
    {
      name: 'preference-held-out',
      title: `${title}: held-out loss of reference answers`,
      yTitle: 'Loss per token (nats)',
      curves: curves('eval_nll_loss'),
    },
  ];
}

/** Training curves. Charts without data are left out. */
export function trainingCharts(source: CurveSource): Chart[] {
  const sft = {
    name: 'sft-loss',
    title: 'SFT loss',
    yTitle: 'Loss per supervised token (nats)',
    curves: curvesOf(source, 'demonstrations', ['loss', 'eval_loss']),
  };
  return [sft, ...preferenceCurves(source)].filter(({ curves }) => curves.length > 0).map(trainingCurves);
}
