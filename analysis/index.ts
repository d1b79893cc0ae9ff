export { analyzeSweep, type AnalyzeSweepInput } from './analyze';
export { analyzeTable, type ScoreRow, type TableRules } from './table';
