import { stageKeyDigits } from '../contracts/search-attributes';
import type { SearchAttribute, SearchAttributeName } from '../contracts/search-attributes';
import type { PlannedStage } from '../contracts/stage';
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

const stages = (planned: readonly PlannedStage[]): SearchAttribute => ({
  key: { name: 'BudgetlineStage', type: 'KEYWORD_LIST' },
  value: planned.map(({ key }) => key.slice(0, stageKeyDigits)),
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
    stages(base),
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
    stages(planned),
  ];
}
