import type { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../connection';

/** How long a server that has its process may be silent before it counts as lost. */
export const answerLimitMs = 10_000;
const retentionSeconds = 3650 * 86_400;

async function open(address: string, limitMs: number): Promise<Connection> {
  const client = await import('@temporalio/client');
  return client.Connection.connect({ address, connectTimeout: limitMs });
}

/** Whether a Temporal server answers at this address within the limit. */
export async function answers(address: string, limitMs: number): Promise<boolean> {
  try {
    const connection = await open(address, limitMs);
    const deadline = Date.now() + limitMs;
    await connection.withDeadline(deadline, () => connection.workflowService.getSystemInfo({}));
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Keeps finished runs in the UI for ten years instead of the development server's one day. */
async function lengthenRetention(connection: Connection, limitMs: number): Promise<void> {
  const config = { workflowExecutionRetentionTtl: { seconds: retentionSeconds, nanos: 0 } };
  for (const deadline = Date.now() + limitMs; ;) {
    try {
      await connection.workflowService.updateNamespace({ namespace: 'default', config: config as never });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Makes a fresh development server one that keeps runs and finds them. */
export async function furnishServer(address: string, limitMs: number): Promise<void> {
  const connection = await open(address, limitMs);
  try {
    await lengthenRetention(connection, limitMs);
    // Without them runs are not found by what they are about, and go on all the same.
    await registerSearchAttributes(connection, 'default').catch(() => undefined);
  } finally {
    await connection.close();
  }
}
