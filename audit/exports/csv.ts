import type { RunTimeline } from '../../contracts/run-timeline';

const columns = [
  ...['stage', 'kind', 'title', 'experimentId', 'shared', 'fence', 'attempt', 'workflowId', 'runId'],
  ...['actor', 'host', 'device', 'startedAt', 'endedAt', 'outcome', 'code', 'message', 'resumedFromStep'],
  ...['wallMs', 'deviceMs', 'cpuMs', 'peakMemoryBytes', 'tokens', 'verifierCalls', 'usd'],
] as const;

/** Encodes a CSV cell (RFC 4180). An apostrophe stops spreadsheets from running a text as a formula. */
export function csvCell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One row for each attempt: those of the run, then those of other runs at the same stages. */
export function renderCsv({ experimentId, stages }: RunTimeline): string {
  const rows = stages.flatMap(({ key, kind, title, attempts, shared: others }) =>
    [...attempts, ...others].map((attempt) => {
      const shared = attempt.experimentId !== experimentId;
      const fields: Readonly<Record<string, unknown>> = { stage: key, kind, title, shared, ...attempt };
      return columns.map((column) => csvCell(fields[column])).join(',');
    }),
  );
  return [columns.join(','), ...rows].map((line) => `${line}\r\n`).join('');
}
