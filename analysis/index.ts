export { analyzeSweep, type AnalyzeSweepInput } from './analyze';
export { meanInterval } from './interval';
export { describeLabels, labelQuality, type LabelQuality } from './labels';
export { transferBetweenModels, type ModelTransfer } from './regions';
export { nameSubject, distinguish, type Places } from './subjects';
export { analyzeTable, type ScoreRow, type TableRules } from './table';
