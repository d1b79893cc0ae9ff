export { type AdaptiveLimits, proposeAdaptive } from './adaptive';
export { proposeNext, type Scores } from './next-batch';
export { measureTransfer, proposeProxy } from './proxy';
export { recordSearch } from './record';
export { searchRunsOf } from './runs';
export { type SearchOutcome, type SearchRun, type SearchState, totalSeconds } from './state';
