import type { Estimate } from '../contracts/analysis/estimate';
import type { FrontierPoint, MarginalGain } from '../contracts/analysis/money';
import type { Group } from './grid';
import { intervalOf, type Inference } from './inference';
import { tie } from './regions';

type Stage = MarginalGain['stage'];

const bought = (group: Group, stage: Stage): number => (stage === 'sft' ? group.sftRows : group.pairRows);
const other = (group: Group, stage: Stage): number => bought(group, stage === 'sft' ? 'pairs' : 'sft');

function scale({ estimate, low, high }: Estimate, factor: number): Estimate {
  return { estimate: estimate * factor, low: low && low * factor, high: high && high * factor };
}

function gainOf(inference: Inference, stage: Stage, [from, to]: readonly [Group, Group]): MarginalGain {
  const gain = intervalOf(inference.difference(to, from));
  const rows = bought(to, stage) - bought(from, stage);
  const usd = to.annotationUsd - from.annotationUsd;
  return {
    stage,
    otherRows: other(from, stage),
    fromRows: bought(from, stage),
    toRows: bought(to, stage),
    gain,
    perThousandRows: scale(gain, 1000 / rows),
    perUsd: usd > 0 ? scale(gain, 1 / usd) : null,
  };
}

/** Cells that differ in the rows of one stage alone, step by step. */
function stepsOf(groups: readonly Group[], stage: Stage): [Group, Group][] {
  const ladders = new Map<number, Group[]>();
  for (const group of groups) {
    const key = other(group, stage);
    ladders.set(key, [...(ladders.get(key) ?? []), group]);
  }
  return [...ladders]
    .sort(([a], [b]) => a - b)
    .flatMap(([, ladder]) => {
      const rising = ladder.sort((a, b) => bought(a, stage) - bought(b, stage));
      return rising.slice(1).map((to, i): [Group, Group] => [rising[i]!, to]);
    });
}

/**
 * Gains from more rows of one stage while the other's stay the same: pairs of cells that differ in nothing else.
 */
export function measureGains(inference: Inference): MarginalGain[] {
  const stages: readonly Stage[] = ['sft', 'pairs'];
  return stages.flatMap((stage) =>
    stepsOf(inference.grid.groups, stage).map((step) => gainOf(inference, stage, step)),
  );
}

/** The cost-quality frontier: cells that no cell of at most their cost reaches, by rising cost. */
export function findFrontier(inference: Inference): FrontierPoint[] {
  const scoreOf = (group: Group): number => inference.measure(group).estimate;
  const cheapest = [...inference.grid.groups].sort(
    (a, b) => a.annotationUsd - b.annotationUsd || scoreOf(b) - scoreOf(a),
  );
  let top = -Infinity;
  return cheapest.flatMap((group) => {
    if (scoreOf(group) <= top + tie) return [];
    top = scoreOf(group);
    const { budget, sftFraction, annotationUsd } = group;
    return [{ budget, sftFraction, annotationUsd, score: inference.score(group) }];
  });
}
