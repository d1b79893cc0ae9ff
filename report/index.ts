export { planEvidence, type EvidencePlan } from './evidence';
export type { Chart } from './charts/render';
export { describeSwitches } from './charts/prices';
export { renderStandalone } from './charts/standalone';
export type {
  AnswerEvidence,
  MetricRow,
  ReportInput,
  RunRecord,
  TableReportInput,
  PlaceLink,
  TrainingEvidence,
} from './input';
export { renderReport, renderTableReport, reportCharts, tableCharts } from './render';
export { renderAuditPage } from './audit-page';
