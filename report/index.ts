export { planEvidence, type EvidencePlan } from './evidence';
export type { Figure } from './charts/render';
export { describeSwitches } from './charts/prices';
export { renderStandalone } from './charts/standalone';
export type {
  AnswerEvidence,
  MetricRow,
  ReportInput,
  RunRecord,
  TableReportInput,
  ToldPlace,
  TrainingEvidence,
} from './input';
export { renderReport, renderTableReport, reportFigures, tableFigures } from './render';
export { renderAuditPage } from './audit-page';
