export { allocationExperiment } from './allocation-experiment';
export { allocationSweep } from './allocation-sweep';
