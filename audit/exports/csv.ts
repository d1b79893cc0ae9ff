import type { AuditStory } from '../../contracts/audit-story';

const columns = [
  ...['stage', 'kind', 'title', 'experimentId', 'shared', 'fence', 'attempt', 'workflowId', 'runId'],
  ...['actor', 'host', 'device', 'startedAt', 'endedAt', 'outcome', 'code', 'message', 'resumedFromStep'],
  ...['wallMs', 'deviceMs', 'cpuMs', 'peakMemoryBytes', 'tokens', 'verifierCalls', 'usd'],
] as const;

/** A cell by RFC 4180; one that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvCell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Every attempt, one a row: the run's own, and behind them what other runs did at the same stages. */
export function renderCsv({ experimentId, stages }: AuditStory): string {
  const rows = stages.flatMap(({ key, kind, title, attempts, shared: others }) =>
    [...attempts, ...others].map((attempt) => {
      const shared = attempt.experimentId !== experimentId;
      const fields: Readonly<Record<string, unknown>> = { stage: key, kind, title, shared, ...attempt };
      return columns.map((column) => csvCell(fields[column])).join(',');
    }),
  );
  return [columns.join(','), ...rows].map((line) => `${line}\r\n`).join('');
}
