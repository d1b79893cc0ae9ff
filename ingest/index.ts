export { describeDataset, type Provenance } from './croissant';
export { ingestFile, type IngestOptions, type IngestSink, type IngestSummary, readPrompts } from './ingest';
export type { FieldMap } from './map-fields';
export {
  type AnnotationRow,
  type DataKind,
  dataKinds,
  policies,
  type Policies,
  type Policy,
  type RowFault,
  type ThumbRow,
} from './types';
