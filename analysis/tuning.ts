import type { TunedWinner, TuningAnalysis } from '../contracts/analysis/controls';
import type { ControlUnit, Group, Unit } from './grid';
import { intervalOf, type Inference } from './inference';
import { formatDifference, joinList } from '../contracts/text';
import { sayBudget } from './text';

/** The splits of one budget under one setting of preference tuning. */
interface Setting {
  readonly name: string;
  readonly splits: readonly { readonly sftFraction: number; readonly unit: Unit }[];
}

const asDefined = 'as defined';

function settingsOf(groups: readonly Group[], controls: readonly ControlUnit[]): Setting[] {
  const defined = groups.map((unit) => ({ sftFraction: unit.sftFraction, unit }));
  const names = [...new Set(controls.map(({ setting }) => setting ?? ''))];
  const changed = names.map((name) => ({
    name,
    // Pure SFT has no preference tuning to change.
    splits: defined.map(({ sftFraction, unit }) => ({
      sftFraction,
      unit: controls.find(({ setting, of }) => setting === name && of === unit) ?? unit,
    })),
  }));
  return [{ name: asDefined, splits: defined }, ...changed];
}

function bestOf(inference: Inference, { splits }: Setting): Setting['splits'][number] {
  const score = ({ unit }: Setting['splits'][number]): number => inference.measure(unit).estimate;
  return splits.reduce((best, split) => (score(split) > score(best) ? split : best));
}

function winnerOf(inference: Inference, setting: Setting, defined: number): TunedWinner {
  const best = bestOf(inference, setting);
  const same = setting.splits.find(({ sftFraction }) => sftFraction === defined);
  const isSame = same === undefined || same === best;
  return {
    setting: setting.name,
    sftFraction: best.sftFraction,
    score: inference.score(best.unit),
    overDefined: isSame ? null : intervalOf(inference.difference(best.unit, same.unit)),
    scores: setting.splits.map(({ sftFraction, unit }) => ({ sftFraction, score: inference.score(unit) })),
  };
}

function changesOf(winners: readonly TunedWinner[]): TuningAnalysis['changes'] {
  const others = winners.flatMap(({ overDefined }) => overDefined ?? []);
  if (others.length === 0) return 'no';
  return others.some(({ low }) => low !== null && low > 0) ? 'yes' : 'unclear';
}

const names = { 'learning-rate': 'learning rate', beta: 'β' } as const;

function readTuning(
  { kind, settings, changes }: Omit<TuningAnalysis, 'reading'>,
  at: string,
  defined: number,
): string {
  const head = `At ${at} SFT share ${defined} scores highest as defined`;
  if (changes === 'no') return `${head}, and with every other ${names[kind]} that was run.`;
  const others = settings.flatMap(({ setting, sftFraction, overDefined }) =>
    overDefined === null
      ? []
      : [`${setting} puts SFT share ${sftFraction} ${formatDifference(overDefined)} above it`],
  );
  const doubt = changes === 'unclear' ? ', which is not significant' : '';
  return `${head}; ${joinList(others)}${doubt}.`;
}

function analyzeOne(inference: Inference, kind: TuningAnalysis['kind']): TuningAnalysis[] {
  const controls = inference.grid.controls.filter((unit) => unit.kind === kind);
  const [first] = controls;
  if (first === undefined) return [];
  const { budget } = first.of;
  const groups = inference.grid.groups.filter((group) => group.budget === budget);
  const [defined, ...changed] = settingsOf(groups, controls) as [Setting, ...Setting[]];
  const { sftFraction } = bestOf(inference, defined);
  const settings = [defined, ...changed].map((setting) => winnerOf(inference, setting, sftFraction));
  const analysis = { kind, budget, settings, changes: changesOf(settings) };
  return [
    { ...analysis, reading: readTuning(analysis, sayBudget(budget, inference.grid.unit), sftFraction) },
  ];
}

/** Whether another learning rate or β of preference tuning changes the winner at the budget where it was tried. */
export function analyzeTuning(inference: Inference): TuningAnalysis[] {
  return [...analyzeOne(inference, 'learning-rate'), ...analyzeOne(inference, 'beta')];
}
