import { stageKeyDigits } from '../contracts/search-attributes';
import type { SearchAttribute, SearchAttributeName } from '../contracts/search-attributes';
import type { PlannedStage } from '../contracts/stage';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';
import type { CellPlan } from './cell';
import type { SweepPlan } from './plan';

/** Characters of a keyword that SQL visibility stores index. */
const longestKeyword = 255;

/** A text as indexed: Temporal's queries cannot match a backslash (measured, server 1.29.1). */
export const indexedText = (text: string): string => text.replaceAll('\\', '/').slice(0, longestKeyword);

const keyword = (name: SearchAttributeName, value: string): SearchAttribute => ({
  key: { name, type: 'KEYWORD' },
  value: indexedText(value),
});

/** Stages of one run that are indexed: the server takes 2 KB for a list (measured, server 1.29.1). */
const mostStages = 100;

/** The keys of a run's stages. */
export const stageAttribute = (planned: readonly Pick<PlannedStage, 'key'>[]): SearchAttribute => ({
  key: { name: 'BudgetlineStage', type: 'KEYWORD_LIST' },
  value: [...new Set(planned.map(({ key }) => key.slice(0, stageKeyDigits)))].slice(-mostStages),
});

/** Search attributes of a sweep. Budgets, fractions and stages are on its cells. */
export function sweepAttributes(
  { sweepId, definitionDigest, base }: Pick<SweepPlan, 'sweepId' | 'definitionDigest' | 'base'>,
  { task, model }: { readonly task: string; readonly model: string },
): SearchAttribute[] {
  return [
    keyword('BudgetlineSweep', sweepId),
    keyword('BudgetlineTask', task),
    keyword('BudgetlineModel', model),
    keyword('BudgetlineDigest', definitionDigest),
    stageAttribute(base),
  ];
}

/** Search attributes of a cell. */
export function cellAttributes(
  { cell, stages: planned }: Pick<CellPlan, 'cell' | 'stages'>,
  { definitionDigest, sweepId }: { readonly definitionDigest: string; readonly sweepId?: string },
): SearchAttribute[] {
  return [
    keyword('BudgetlineExperiment', cell.id),
    ...(sweepId === undefined ? [] : [keyword('BudgetlineSweep', sweepId)]),
    keyword('BudgetlineTask', cell.task),
    keyword('BudgetlineModel', cell.model),
    { key: { name: 'BudgetlineFraction', type: 'DOUBLE' }, value: cell.sftFraction },
    { key: { name: 'BudgetlineBudget', type: 'INT' }, value: cell.sftRows + cell.pairRows },
    keyword('BudgetlineDigest', definitionDigest),
    stageAttribute(planned),
  ];
}

/** Search attributes of a user's own workflow. Its stages follow as it calls them. */
export function workflowAttributes(
  workflowId: string,
  { task, model, ...definition }: ExperimentDefinition | SweepDefinition,
  digest: string,
): SearchAttribute[] {
  const ofCell: SearchAttribute[] =
    'budget' in definition
      ? [
          { key: { name: 'BudgetlineFraction', type: 'DOUBLE' }, value: definition.sftFraction },
          { key: { name: 'BudgetlineBudget', type: 'INT' }, value: definition.budget },
        ]
      : [];
  return [
    keyword('BudgetlineExperiment', workflowId),
    keyword('BudgetlineTask', task),
    keyword('BudgetlineModel', model),
    keyword('BudgetlineDigest', digest),
    ...ofCell,
  ];
}
