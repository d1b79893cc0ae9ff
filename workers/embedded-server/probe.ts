import type { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../connection';

/** How long a running server may not answer before it counts as lost. */
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

/** Keeps finished runs for ten years instead of the development server's one day. */
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

/** Configures a new development server: retention and search attributes. */
export async function configureServer(address: string, limitMs: number): Promise<void> {
  const connection = await open(address, limitMs);
  try {
    await lengthenRetention(connection, limitMs);
    // Without them runs cannot be searched by attribute, but still work.
    await registerSearchAttributes(connection, 'default').catch(() => undefined);
  } finally {
    await connection.close();
  }
}
