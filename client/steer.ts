import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import { BudgetlineError } from '../core/failures';
import { steeringCommand, type SteeringCommand, type SteeringRequest } from '../schemas/steering';
import { toSteeringError } from './failure';

export interface SteerOptions {
  readonly client: Client;
  /** Id of a sweep, an experiment, or one cell of a sweep. */
  readonly workflowId: string;
  readonly command: SteeringCommand;
  /** Who asks, for the ledger. Default: this host's user. */
  readonly actor?: string;
  /** Milliseconds to wait for a worker's answer. Default: 30,000. */
  readonly limitMs?: number;
}

function parseCommand(command: SteeringCommand): SteeringCommand {
  const parsed = steeringCommand.safeParse(command);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BudgetlineError(
    'USAGE',
    `${issue?.path.join('.') ?? 'command'}: ${issue?.message ?? 'is wrong'}`,
  );
}

/**
 * Cancels, pauses or resumes a run, or sets its concurrency. Resolves when the workflow has accepted the
 * command and the ledger has recorded it.
 *
 * @throws BudgetlineError RUN_UNKNOWN, STEERING_REFUSED, WORKERS_SILENT, USAGE
 */
export async function steerRun(options: SteerOptions): Promise<void> {
  const { client, workflowId, actor = `${userInfo().username}@${hostname()}`, limitMs = 30_000 } = options;
  const command = parseCommand(options.command);
  const request: SteeringRequest = { ...command, actor };
  const handle = client.workflow.getHandle(workflowId);
  try {
    await client.connection.withDeadline(Date.now() + limitMs, () =>
      handle.executeUpdate(command.action, { args: [request], updateId: randomUUID() }),
    );
  } catch (error) {
    throw await toSteeringError(error, workflowId);
  }
}
