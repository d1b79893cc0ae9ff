export { type AdaptiveLimits, defaultLimits, proposeAdaptive } from './adaptive';
export { searchRunsOf } from './runs';
export {
  type BudgetStanding,
  type SearchOutcome,
  type SearchProposal,
  type SearchRun,
  type SearchState,
  totalSeconds,
} from './state';
