export { analyzeSweep, type AnalyzeSweepInput } from './analyze';
export { transferBetweenModels, type ModelTransfer } from './regions';
export { analyzeTable, type ScoreRow, type TableRules } from './table';
