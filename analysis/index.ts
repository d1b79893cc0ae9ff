export { analyzeSweep, type AnalyzeSweepInput } from './analyze';
export { meanInterval } from './interval';
export { transferBetweenModels, type ModelTransfer } from './regions';
export { analyzeTable, type ScoreRow, type TableRules } from './table';
