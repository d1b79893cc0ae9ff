import { baseItemsKey } from '../contracts/analysis/sweep';
import { splitOf } from '../contracts/evaluation-split';
import type { PlannedStage } from '../contracts/stage';
import type { Coordinates } from '../core/coordinates';
import type { StageContext } from '../stages/define';
import { type ScoredModel, scoredModel, testEvaluation } from '../stages/evaluate';
import { estimateStageSeconds } from './estimate';
import { coordinatesSlug } from './identity';
import type { PlannedPipeline } from './planned-pipeline';
import type { PlannedControls } from './controls';
import type { SweepPlan, VariantPlan } from './plan';

/** An evaluation on test items of a model that was compared on validation items. */
export interface TestPlan {
  /** Cell id, `controlIdOf` of a control, or `baseItemsKey`. */
  readonly of: string;
  /** Place on the axes; left out if the sweep has none. */
  readonly axes?: Coordinates;
  readonly context: StageContext;
  readonly stage: PlannedStage<'scores'>;
}

/** Id of a test in progress and spend. Places have base models of their own. */
export const testIdOf = ({ of, axes }: Pick<TestPlan, 'of' | 'axes'>): string =>
  `test/${of === baseItemsKey ? `${of}${coordinatesSlug(axes)}` : of}`;

interface Tested {
  readonly of: string;
  readonly axes?: Coordinates;
  readonly planned: Pick<PlannedPipeline, 'context' | 'evaluation'>;
  /** Its model, where results decided which evaluation scored it. */
  readonly model?: ScoredModel;
}

/** The evaluation on test items; none where models are compared on test items already. */
export function planTest({ of, axes, planned: { context, evaluation }, model }: Tested): TestPlan[] {
  const scored = model ?? (evaluation && scoredModel(evaluation));
  if (splitOf(context.resolved.definition) === 'test' || !scored) return [];
  return [{ of, axes, context, stage: testEvaluation(context, scored) }];
}

/** The base model's evaluation on test items, at one place on the axes. */
export function planBaseTest({ coordinates, base }: VariantPlan): TestPlan[] {
  const axes = Object.keys(coordinates).length === 0 ? undefined : coordinates;
  return planTest({ of: baseItemsKey, axes, planned: base });
}

/** Number of kinds of controls of mixtures that are evaluated on test items. */
function purchasableKinds({ winnerControls, certain }: PlannedControls): number {
  const kinds = [...winnerControls, ...certain.filter(({ kind }) => kind === 'warm-start')].map(
    ({ kind }) => kind,
  );
  return new Set(kinds).size;
}

/**
 * Largest number of evaluations on test items, and their seconds: for each place on the axes the base model, and for each
 * seed and budget the best split and the controls that may be the better purchase. Prompting has no budget.
 */
export function estimateTests({ variants, controls }: Pick<SweepPlan, 'variants' | 'controls'>): {
  readonly evaluations: number;
  readonly seconds: number;
} {
  const kinds = purchasableKinds(controls);
  const prompted = controls.certain.some(({ kind }) => kind === 'few-shot') ? 1 : 0;
  const places = variants.flatMap((variant) => {
    const { budgets, seeds } = variant.resolved.definition;
    const evaluations = 1 + seeds.length * (budgets.length * (1 + kinds) + prompted);
    return planBaseTest(variant).map(({ stage }) => ({
      evaluations,
      seconds: evaluations * estimateStageSeconds(stage),
    }));
  });
  const sum = (name: 'evaluations' | 'seconds'): number =>
    places.reduce((total, place) => total + place[name], 0);
  return { evaluations: sum('evaluations'), seconds: sum('seconds') };
}
