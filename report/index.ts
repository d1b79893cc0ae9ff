export { planEvidence, type EvidencePlan } from './evidence';
export type { AnswerEvidence, MetricRow, ReportInput, RunRecord, TrainingEvidence } from './input';
export { renderFigures, renderReport } from './render';
