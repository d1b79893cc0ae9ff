import type { PlannedSweep } from '../../app/plan/plan-sweep';
import type { StageKey } from '../../contracts/stage';
import type { CellPlan } from '../../planning';
import type { Ink } from './ink';
import { formatBudget, formatFraction } from './numbers';
import { joinList, padRight, wrap } from './text';

type Planned = Pick<PlannedSweep, 'plan' | 'cached'>;

/** The cell that shows the user's pipeline: the first of those with the most stages. Undefined: the pipeline is built in. */
function shownCell({ plan }: Planned): CellPlan | undefined {
  const own = plan.cells.filter(({ experiment }) => experiment.members?.pipeline !== undefined);
  return [...own].sort((a, b) => b.stages.length - a.stages.length)[0];
}

function headOf({ cell, experiment }: CellPlan): string {
  const { export: name = '', path = '' } = experiment.members?.pipeline ?? {};
  const { budget, budgetUnit = 'rows', sftFraction, seed, axes = {} } = cell;
  const place = [
    `budget ${formatBudget(budget, budgetUnit)}`,
    `SFT share ${formatFraction(sftFraction)}`,
    `seed ${seed}`,
    ...Object.entries(axes).map(([axis, label]) => `${axis} ${label}`),
  ];
  return `"${name}" of ${path}; at ${place.join(', ')}:`;
}

const quoted = (stages: readonly { readonly title: string }[]): string =>
  joinList(stages.map(({ title }) => `"${title}"`));

function stageLines({ stages, continuesAfter }: CellPlan, cached: ReadonlySet<StageKey>): string[] {
  const lines = stages.map(({ key, title }) => `${title}${cached.has(key) ? ' (in the store)' : ''}`);
  const rest = continuesAfter.length === 0 ? [] : [`… continues after ${quoted(continuesAfter)}`];
  return [...lines.map((line, at) => `${at + 1}. ${line}`), ...rest];
}

/** The stages of one cell, if the definition has a pipeline of its own. */
export function renderPipeline(planned: Planned, ink: Ink): string[] {
  const shown = shownCell(planned);
  if (shown === undefined) return [];
  const label = padRight('  Pipeline', 18);
  const [head = '', ...more] = wrap(headOf(shown), { first: label });
  const indent = ' '.repeat(label.length);
  const stages = stageLines(shown, planned.cached).flatMap((line) =>
    wrap(line, { first: indent, rest: `${indent}   ` }),
  );
  return [ink.faint(label) + head.slice(label.length), ...more, ...stages];
}

/** The stages of a plan for programs: all of them, and those of the shown cell in the order of their calls. */
export function stagesJson(planned: Planned): object {
  const { plan, cached } = planned;
  const shown = shownCell(planned);
  const keysOf = (stages: CellPlan['stages']): StageKey[] => stages.map(({ key }) => key);
  return {
    stages: plan.stages.map(({ stage: { key, kind, title }, cells }) => {
      return { key, kind, title, cells, cached: cached.has(key) };
    }),
    pipeline: shown && {
      cell: shown.cell.id,
      stages: keysOf(shown.stages),
      continuesAfter: keysOf(shown.continuesAfter),
    },
  };
}
