export { describeDataset, type NamedProvenance } from './croissant';
export { type UserRowsRequest, type UserRow, type UserRows, readUserRows } from './user-rows';
export { type HeldOutSet, keepApart } from './held-out';
export { ingestFile, type IngestOptions, type IngestSink, type IngestSummary, readPrompts } from './ingest';
export { readRecords } from './source';
export type { FieldMap } from './map-fields';
export {
  type AnnotationRow,
  type DataKind,
  dataKinds,
  policies,
  type Policies,
  type Policy,
  type RowFault,
} from './types';
