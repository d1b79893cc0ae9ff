import type { PlannedStage } from '../../contracts/stage';
import { expectedPairYield } from '../rates';
import type { SampledSpec } from './spec';

/** The spec of a stage that samples a reference. Undefined for other stages. */
export function sampledSpecOf({ kind, spec }: Pick<PlannedStage, 'kind' | 'spec'>): SampledSpec | undefined {
  return kind === 'synthesizeData' && 'pairs' in spec ? (spec as SampledSpec) : undefined;
}

/**
 * A stage with its calls, labels and work at another yield; its key does not depend on that.
 *
 * @param yielded rows for each sampled prompt
 */
export function atYield(stage: PlannedStage, yielded: number): PlannedStage {
  const spec = sampledSpecOf(stage);
  if (spec === undefined || stage.rows === null) return stage;
  const { verifierCalls, unscored, labels } = stage.rows;
  const times = expectedPairYield / yielded;
  return {
    ...stage,
    rows: {
      ...stage.rows,
      verifierCalls: verifierCalls * times,
      unscored: unscored && unscored * times,
      labels: labels && { ...labels, count: labels.count * times },
    },
    work: { ...stage.work, tokens: stage.work.tokens * times },
  };
}
