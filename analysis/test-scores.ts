import type { TestAnalysis } from '../contracts/analysis/splits';
import { baseItemsKey } from '../contracts/analysis/sweep';
import { controlIdOf, type EvaluationSummary, type SweepResult } from '../contracts/results';
import type { BudgetUnit } from '../schemas/definition';
import { buildGrid, type ControlUnit, type Group, type ItemsByRun, type Unit } from './grid';
import { createInference, intervalOf, type Inference } from './inference';

function analyzeUnit(inference: Inference, unit: Unit): Pick<TestAnalysis, 'score' | 'aboveBase' | 'items'> {
  const { base } = inference.grid;
  const measured = unit.runs.map(({ summary, rows }) => rows?.length ?? summary.items);
  return {
    score: inference.score(unit),
    aboveBase: base === null || unit === base ? null : intervalOf(inference.difference(unit, base)),
    items: Math.min(...measured),
  };
}

const ofGroup = (inference: Inference, group: Group): TestAnalysis => ({
  budget: group.budget,
  sftFraction: group.sftFraction,
  control: null,
  ...analyzeUnit(inference, group),
});

/** A prompted base model belongs to no budget: it is only compared with a cell. */
const ofControl = (inference: Inference, unit: ControlUnit): TestAnalysis => ({
  budget: unit.kind === 'few-shot' ? null : unit.of.budget,
  sftFraction: unit.kind === 'few-shot' ? null : unit.of.sftFraction,
  control: { kind: unit.kind, setting: unit.setting ?? undefined },
  ...analyzeUnit(inference, unit),
});

/** Scores on test items of what was chosen by validation items: base model, best splits, their controls. */
export function analyzeTests(
  { tests, cells, controls }: SweepResult,
  { unit, items }: { readonly unit: BudgetUnit; readonly items: ItemsByRun },
): TestAnalysis[] {
  const found = new Map<string, EvaluationSummary>();
  for (const { of, evaluation } of tests) if (evaluation !== null) found.set(of, evaluation);
  const tested = <T>(of: string, each: T): (T & { readonly evaluation: EvaluationSummary })[] => {
    const evaluation = found.get(of);
    return evaluation === undefined ? [] : [{ ...each, evaluation }];
  };
  const grid = buildGrid(
    {
      unit,
      base: found.get(baseItemsKey) ?? null,
      cells: cells.flatMap((each) => tested(each.cell.id, each)),
      compared: cells.filter(({ cell }) => !found.has(cell.id)),
      controls: controls.flatMap((each) => tested(controlIdOf(each), each)),
    },
    items,
  );
  const inference = createInference(grid, 0);
  const { base } = grid;
  return [
    ...(base === null
      ? []
      : [{ budget: null, sftFraction: null, control: null, ...analyzeUnit(inference, base) }]),
    ...grid.groups.map((group) => ofGroup(inference, group)),
    ...grid.controls.map((control) => ofControl(inference, control)),
  ];
}

/** Evaluations on test items that failed, each as a sentence. */
export const describeFailedTests = ({ tests }: SweepResult): string[] =>
  tests.flatMap(({ of, failure }) =>
    failure === undefined
      ? []
      : [
          `${of === baseItemsKey ? 'The base model' : of} has no score on test items: ${failure.code}, ${failure.message}`,
        ],
  );
