import { stringify } from 'csv-stringify/sync';
import type { RunTimeline } from '../../contracts/run-timeline';

const columns = [
  ...['stage', 'kind', 'title', 'experimentId', 'shared', 'fence', 'attempt', 'workflowId', 'runId'],
  ...['actor', 'host', 'device', 'startedAt', 'endedAt', 'outcome', 'code', 'message', 'resumedFromStep'],
  ...['wallMs', 'deviceMs', 'cpuMs', 'peakMemoryBytes', 'tokens', 'verifierCalls', 'usd'],
] as const;

/** Rows as CSV (RFC 4180). An apostrophe stops spreadsheets from running a text as a formula. */
export function csvOf(rows: readonly (readonly unknown[])[]): string {
  return stringify(rows as unknown[][], {
    record_delimiter: '\r\n',
    escape_formulas: true,
    cast: { boolean: String },
  });
}

/** One row for each attempt: those of the run, then those of other runs at the same stages. */
export function renderCsv({ experimentId, stages }: RunTimeline): string {
  const rows = stages.flatMap(({ key, kind, title, attempts, shared: others }) =>
    [...attempts, ...others].map((attempt) => {
      const shared = attempt.experimentId !== experimentId;
      const fields: Readonly<Record<string, unknown>> = { stage: key, kind, title, shared, ...attempt };
      return columns.map((column) => fields[column]);
    }),
  );
  return csvOf([columns, ...rows]);
}
