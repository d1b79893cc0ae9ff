import type { Connection } from '@temporalio/client';

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
export async function lengthenRetention(address: string, limitMs: number): Promise<void> {
  const connection = await open(address, limitMs);
  const config = { workflowExecutionRetentionTtl: { seconds: retentionSeconds, nanos: 0 } };
  for (const deadline = Date.now() + limitMs; ;) {
    try {
      await connection.workflowService.updateNamespace({ namespace: 'default', config: config as never });
      break;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await connection.close();
}
