export { describeDataset, type NamedProvenance } from './croissant';
export { type UserRowsRequest, type UserRow, type UserRows, readUserRows } from './user-rows';
export { decontaminate, type HeldOutSet } from './held-out';
export { ingestFile, type IngestOptions, type IngestSink, type IngestSummary } from './ingest';
export { readHeldOut } from './held-out-file';
export { readRecords, readRecordsFile } from './source';
export type { ColumnMapping } from './column-mapping';
export {
  type AnnotationRow,
  type DataKind,
  dataKinds,
  type RowAction,
  type RowChecks,
  type RowFault,
} from './types';
