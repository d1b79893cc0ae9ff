import type { EvaluationSpec, SweepDefinition } from '../schemas/definition';

/** The problems of the trained task that items are taken from. */
export type EvaluationSplit = NonNullable<EvaluationSpec['split']>;

/** The items that the cells of a canonical definition without axes are compared on. */
export const splitOf = ({
  evaluation,
}: {
  readonly evaluation: Pick<EvaluationSpec, 'split'>;
}): EvaluationSplit => evaluation.split ?? 'test';

/** Number of items that the cells of such a definition are compared on. */
export const comparedItems = (definition: Pick<SweepDefinition, 'evaluation' | 'data'>): number =>
  splitOf(definition) === 'test'
    ? definition.evaluation.items
    : Math.min(definition.evaluation.items, definition.data.validation);
