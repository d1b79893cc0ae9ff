export { analyzeSweep, type AnalyzeSweepInput } from './analyze';
