import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowHandle } from '@temporalio/client';
import type { ResolvedExperiment, ResolvedSweep } from '../contracts/resolved';
import { isSearchable } from '../connection';
import type { SearchAttribute } from '../contracts/search-attributes';
import {
  cellAttributes,
  definitionDigest,
  membersOf,
  planCell,
  planGrid,
  tracedDigest,
  sweepAttributes,
  workflowQueue,
} from '../planning';
import type { allocationExperiment, allocationSweep } from '../workflows';
import type { Orchestration } from '../workflows/orchestration';
import { workflowBundlePath, noWorkflowBundle } from '../host/package-files';

export interface StartOptions {
  readonly client: Client;
  readonly orchestration?: Partial<Orchestration>;
}

/** A run of a sweep or an experiment, and whether this call started it. */
export interface Started<Workflow extends typeof allocationSweep | typeof allocationExperiment> {
  readonly workflowId: string;
  readonly runId: string;
  /**
   * "attached": it was already running. "restarted": it ran with other workflow code, was terminated and
   * started again.
   */
  readonly how: 'started' | 'attached' | 'restarted';
  readonly handle: WorkflowHandle<Workflow>;
  /** False if the server lacks the search attributes. The run works without them. */
  readonly searchable: boolean;
}

const settleLimitMs = 30_000;

/** SHA-256 of the installed workflow bundle. Histories can only be replayed by the code that made them. */
export function workflowBundleDigest(): string {
  try {
    return createHash('sha256').update(readFileSync(workflowBundlePath)).digest('hex');
  } catch (cause) {
    throw noWorkflowBundle(cause);
  }
}

interface Found {
  readonly runId: string;
  readonly running: boolean;
  readonly bundleDigest: unknown;
}

async function findRun(client: Client, workflowId: string): Promise<Found | undefined> {
  try {
    const { runId, status, memo } = await client.workflow.getHandle(workflowId).describe();
    return { runId, running: status.name === 'RUNNING', bundleDigest: memo?.['bundleDigest'] };
  } catch (error) {
    const { WorkflowNotFoundError } = await import('@temporalio/client');
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function countRunningChildren(client: Client, workflowId: string): Promise<number> {
  const query = `ParentWorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
  return (await client.workflow.count(query)).count;
}

/** Terminates a run and waits for its children to end, because the next run reuses their ids. */
async function endRun(client: Client, workflowId: string): Promise<void> {
  await client.workflow.getHandle(workflowId).terminate('its workflow code is no longer installed');
  const deadline = Date.now() + settleLimitMs;
  while ((await countRunningChildren(client, workflowId)) > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

interface Launch {
  readonly client: Client;
  readonly type: 'allocationSweep' | 'allocationExperiment';
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: unknown;
  readonly summary: string;
  /** Details for Temporal's UI; Markdown. */
  readonly details: string;
  readonly attributes: SearchAttribute[];
}

async function launch(
  options: Launch,
  searchable: boolean,
): Promise<WorkflowHandleWithFirstExecutionRunId | undefined> {
  const { client, type, workflowId, taskQueue, input, summary, details, attributes } = options;
  try {
    return await client.workflow.start(type, {
      workflowId,
      taskQueue,
      args: [input],
      memo: { bundleDigest: workflowBundleDigest() },
      staticSummary: summary,
      staticDetails: details,
      typedSearchAttributes: searchable ? attributes : [],
      // Inherited by children and activities: sweeps that share workers take turns, whatever their size.
      priority: { fairnessKey: workflowId.slice(-64) },
    });
  } catch (error) {
    const { WorkflowExecutionAlreadyStartedError } = await import('@temporalio/client');
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** Follows continue-as-new: the handle always refers to the newest run of the chain. */
function handleOf<W extends typeof allocationSweep | typeof allocationExperiment>(
  client: Client,
  workflowId: string,
  firstExecutionRunId?: string,
): WorkflowHandle<W> {
  const chain = firstExecutionRunId === undefined ? {} : { firstExecutionRunId };
  return client.workflow.getHandle<W>(workflowId, undefined, chain);
}

async function startOrAttach<W extends typeof allocationSweep | typeof allocationExperiment>(
  options: Launch,
): Promise<Started<W>> {
  const { client, workflowId } = options;
  const searchable = await isSearchable(client.connection, client.options.namespace);
  for (;;) {
    const found = await findRun(client, workflowId);
    const running = found?.running === true;
    const sameCode = running && found.bundleDigest === workflowBundleDigest();
    if (running && sameCode)
      return {
        workflowId,
        searchable,
        runId: found.runId,
        how: 'attached',
        handle: handleOf<W>(client, workflowId),
      };
    if (running) await endRun(client, workflowId);
    const handle = await launch(options, searchable);
    if (handle === undefined) continue;
    const runId = handle.firstExecutionRunId;
    return {
      workflowId,
      searchable,
      runId,
      how: running ? 'restarted' : 'started',
      handle: handleOf<W>(client, workflowId, runId),
    };
  }
}

function detailsOf({ definition, model }: ResolvedSweep | ResolvedExperiment): string {
  const { task, annotator } = definition;
  const grid =
    'budgets' in definition
      ? { Budgets: definition.budgets, 'SFT fractions': definition.sftFractions, Seeds: definition.seeds }
      : { Budget: [definition.budget], 'SFT fraction': [definition.sftFraction], Seed: [definition.seed] };
  const axes = 'axes' in definition ? [['Axes', Object.keys(definition.axes ?? {})] as const] : [];
  const fields: (readonly [string, readonly (string | number)[]])[] = [...Object.entries(grid), ...axes];
  const lines = fields.map(([name, values]) => `- ${name}: ${values.join(', ')}`);
  const source = `- Demonstrations: ${annotator}\n- Base model: ${model.name}, ${model.digest.slice(0, 12)}`;
  return [`**${task}**`, '', source, ...lines].join('\n');
}

/**
 * Starts a sweep, or attaches to it if it is running: the workflow id contains the definition's digest. An
 * ended sweep is started again and takes its finished stages from the store.
 */
export async function startSweep(
  resolved: ResolvedSweep,
  { client, orchestration }: StartOptions,
): Promise<Started<typeof allocationSweep>> {
  const plan = await planGrid(resolved);
  return startOrAttach({
    client,
    type: 'allocationSweep',
    workflowId: plan.sweepId,
    taskQueue: workflowQueue(membersOf(resolved)),
    input: { resolved, orchestration, traced: tracedDigest(plan) },
    summary: `${resolved.definition.task}: ${plan.cells.length} cells`,
    details: detailsOf(resolved),
    attributes: sweepAttributes(plan, resolved.definition),
  });
}

/** The same for one cell. */
export async function startExperiment(
  resolved: ResolvedExperiment,
  { client, orchestration }: StartOptions,
): Promise<Started<typeof allocationExperiment>> {
  const plan = await planCell(resolved);
  const { cell } = plan;
  return startOrAttach({
    client,
    type: 'allocationExperiment',
    workflowId: cell.id,
    taskQueue: workflowQueue(membersOf(resolved)),
    input: { resolved, orchestration, traced: tracedDigest({ cells: [plan] }) },
    summary: `${cell.budget} rows, ${cell.sftFraction} SFT, seed ${cell.seed}`,
    details: detailsOf(resolved),
    attributes: cellAttributes(plan, { definitionDigest: definitionDigest(resolved) }),
  });
}
