import type { SweepDefinition } from '../schemas/definition';
import type { SearchProposal, SearchRecord } from '../contracts/results';
import type { SweepPlan } from '../planning/plan';
import { measureTransfers, type Scores } from './next-batch';
import { searchRunsOf } from './runs';
import { totalSeconds } from './state';

interface Searched {
  readonly plan: SweepPlan;
  readonly definition: SweepDefinition;
  readonly scores: Scores;
  readonly rounds: readonly SearchProposal[];
}

/** Record of a search. Undefined: the whole grid was run. */
export function recordSearch({ plan, definition, scores, rounds }: Searched): SearchRecord | undefined {
  const { search } = definition;
  if (search.method === 'grid') return undefined;
  const runs = searchRunsOf(plan.cells, plan.stages);
  const ended = runs.filter(({ id }) => Object.hasOwn(scores, id));
  return {
    method: search.method,
    rounds,
    skipped: runs.length - ended.length,
    costFraction: totalSeconds(ended) / totalSeconds(runs),
    transfers:
      search.method === 'proxy' ? measureTransfers({ definition, plan, scores }, search.epsilon) : [],
  };
}
