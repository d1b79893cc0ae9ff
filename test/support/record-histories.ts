import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { packageRoot } from '../../host/package-files';

/** Histories for the replay test. */
export const historiesFolder = join(__dirname, '../integration/workflows/histories');

/** With `BUDGETLINE_RECORD_HISTORIES=1` the sweep tests write their histories into that folder. */
export const recording = process.env['BUDGETLINE_RECORD_HISTORIES'] === '1';

/** Removes folders, name and processes of the recording machine. */
function scrubText(text: string): string {
  const { username } = userInfo();
  return text
    .replaceAll(packageRoot, '/budgetline')
    .replaceAll(hostname(), 'host')
    .replaceAll(`${username}@`, 'user@');
}

function scrubPayload(data: string): string {
  return Buffer.from(scrubText(Buffer.from(data, 'base64').toString('utf8'))).toString('base64');
}

function scrub(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    if (name === 'identity') return 'worker';
    return name === 'data' ? scrubPayload(value) : scrubText(value);
  }
  if (Array.isArray(value)) return value.map((each) => scrub(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scrub(each, key)]));
}

/** Writes the history of a finished workflow, with the workflow's id. */
export async function recordHistory(
  client: Client,
  name: string,
  workflowId: string,
  runId?: string,
): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const scrubbed = scrub(JSON.parse(historyToJSON(history))) as object;
  mkdirSync(historiesFolder, { recursive: true });
  writeFileSync(join(historiesFolder, `${name}.json`), `${JSON.stringify({ workflowId, ...scrubbed })}\n`);
}
