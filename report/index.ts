export { planEvidence, type EvidencePlan } from './evidence';
export type { Figure } from './figures/render';
export { describeSwitches } from './figures/prices';
export { renderStandalone } from './figures/standalone';
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
