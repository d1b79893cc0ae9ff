import './user-members';

export { allocationExperiment } from './allocation-experiment';
export { allocationSweep } from './allocation-sweep';
