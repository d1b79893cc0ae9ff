import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { isSearchable, keyNameOf } from '../connection';
import { BudgetlineError } from '../core/failures';
import { type SearchAttributeName, searchAttributes, stageKeyDigits } from '../contracts/search-attributes';
import { indexedText } from '../planning';
import { kindOf, packageTypes, type RunKind } from '../contracts/run-kind';

/** States of a run, by their names in Temporal's queries. */
export const runStates = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
} as const;
export type RunState = keyof typeof runStates;

/** Filters for runs; all given fields must match. */
export interface RunFilter {
  readonly sweep?: string;
  readonly experiment?: string;
  /** A stage's key, or at least its first twelve digits. */
  readonly stage?: string;
  readonly task?: string;
  readonly model?: string;
  readonly sftFraction?: number;
  readonly budget?: number;
  /** A definition's digest, or its first digits. */
  readonly digest?: string;
  readonly state?: RunState;
  /** Include the cells of sweeps. Implied by filters that only cells can match. */
  readonly cells?: boolean;
  /** Newest first. Default: 50. */
  readonly limit?: number;
}

/** A run in Temporal's index. Fields are null if the run was started without search attributes. */
export interface ListedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly kind: RunKind;
  /** Name of the workflow function. */
  readonly type: string;
  /** "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TERMINATED" … */
  readonly state: string;
  readonly startedAt: string;
  readonly closedAt: string | null;
  readonly sweep: string | null;
  readonly experiment: string | null;
  readonly task: string | null;
  readonly model: string | null;
  readonly sftFraction: number | null;
  readonly budget: number | null;
  readonly digest: string | null;
  /** The first digits of its stages' keys. */
  readonly stages: readonly string[] | null;
  /**
   * The payload key that the run is encrypted with, if it is not available here; null if the run is
   * readable.
   */
  readonly sealedWith: string | null;
}

/** Quotes a text for Temporal's query language. */
const quote = (text: string): string => `'${indexedText(text).replaceAll("'", "''")}'`;

function digitsOf(option: string, text: string, atLeast: number): string {
  if (/^[0-9a-f]{1,64}$/.test(text) && text.length >= atLeast) return text;
  throw new BudgetlineError('USAGE', `${option} is "${text}": give ${atLeast} hexadecimal digits or more.`);
}

/** Clauses that need Budgetline's search attributes. */
function attributeClauses(filter: RunFilter): string[] {
  const { sweep, experiment, stage, task, model, sftFraction, budget, digest } = filter;
  const clause = (name: SearchAttributeName, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name} ${value}`];
  const equals = (value: string | number | undefined): string | undefined =>
    value === undefined ? undefined : `= ${typeof value === 'string' ? quote(value) : value}`;
  const key = stage && digitsOf('stage', stage, stageKeyDigits).slice(0, stageKeyDigits);
  return [
    ...clause('BudgetlineSweep', equals(sweep)),
    ...clause('BudgetlineExperiment', equals(experiment)),
    ...clause('BudgetlineStage', equals(key)),
    ...clause('BudgetlineTask', equals(task)),
    ...clause('BudgetlineModel', equals(model)),
    ...clause('BudgetlineFraction', equals(sftFraction)),
    ...clause('BudgetlineBudget', equals(budget)),
    ...clause('BudgetlineDigest', digest && `STARTS_WITH ${quote(digitsOf('digest', digest, 1))}`),
  ];
}

function wantsCells({ cells, sweep, experiment, stage, sftFraction, budget }: RunFilter): boolean {
  return (
    cells === true || [sweep, experiment, stage, sftFraction, budget].some((value) => value !== undefined)
  );
}

/** The types of the package; with search attributes also users' workflows, which set them when they call `createStages`. */
function runsClause(searchable: boolean): string {
  const types = `WorkflowType IN (${packageTypes.map(quote).join(', ')})`;
  return searchable ? `(${types} OR BudgetlineDigest IS NOT NULL)` : types;
}

/** Not a cell. An experiment that another workflow started is one only if it belongs to a sweep. */
function wholeClause(searchable: boolean): string {
  const own = searchable ? ' OR (BudgetlineDigest IS NOT NULL AND BudgetlineSweep IS NULL)' : '';
  return `(ParentWorkflowId IS NULL OR WorkflowType != 'allocationExperiment'${own})`;
}

function queryOf(filter: RunFilter, clauses: readonly string[], searchable: boolean): string {
  const { state } = filter;
  return [
    runsClause(searchable),
    // A run that continued as new is listed once, by its last run.
    "ExecutionStatus != 'ContinuedAsNew'",
    ...(wantsCells(filter) ? [] : [wholeClause(searchable)]),
    ...(state === undefined ? [] : [`ExecutionStatus = '${runStates[state]}'`]),
    ...clauses,
  ].join(' AND ');
}

interface Sealed {
  readonly sealedWith: string;
}

/**
 * Replaces payloads that cannot be decrypted by the name of their key, so that one run does not hide the
 * others.
 */
function showSealed(codecs: readonly PayloadCodec[]): PayloadCodec {
  const open = async (payload: Payload): Promise<Payload> => {
    try {
      let opened = [payload];
      for (const codec of [...codecs].reverse()) opened = await codec.decode(opened);
      return opened[0] ?? payload;
    } catch {
      return defaultPayloadConverter.toPayload<Sealed>({ sealedWith: keyNameOf(payload) });
    }
  };
  return {
    encode: (payloads) => Promise.resolve(payloads),
    decode: (payloads) => Promise.all(payloads.map(open)),
  };
}

function sealedWithOf({ memo = {} }: WorkflowExecutionInfo): string | null {
  const sealed = Object.values(memo).find((value) => Object(value) === value) as Sealed | undefined;
  return sealed?.sealedWith ?? null;
}

function describeRun(info: WorkflowExecutionInfo): ListedRun {
  const { workflowId, runId, type, status, startTime, closeTime, typedSearchAttributes } = info;
  const read = (name: SearchAttributeName): unknown =>
    typedSearchAttributes.get({ name, type: searchAttributes[name] }) ?? null;
  return {
    workflowId,
    runId,
    kind: kindOf(type),
    type,
    state: status.name,
    startedAt: startTime.toISOString(),
    closedAt: closeTime?.toISOString() ?? null,
    sweep: read('BudgetlineSweep') as string | null,
    experiment: read('BudgetlineExperiment') as string | null,
    task: read('BudgetlineTask') as string | null,
    model: read('BudgetlineModel') as string | null,
    sftFraction: read('BudgetlineFraction') as number | null,
    budget: read('BudgetlineBudget') as number | null,
    digest: read('BudgetlineDigest') as string | null,
    stages: read('BudgetlineStage') as string[] | null,
    sealedWith: sealedWithOf(info),
  };
}

function unsearchable({ options: { namespace } }: Client): BudgetlineError {
  return new BudgetlineError(
    'SEARCH_UNAVAILABLE',
    `Temporal does not index Budgetline’s attributes in "${namespace}".`,
  );
}

export interface ListOptions {
  /** Reports that the server has no search attributes, so that workflows of the user's own are not listed. */
  readonly onNotice?: (text: string) => void;
}

/**
 * Lists sweeps, experiments, cells and users' own workflows, newest first. Without search attributes on the server it takes no
 * filter but `state` and `cells`, and lists no workflow of the user's own.
 *
 * @throws BudgetlineError SEARCH_UNAVAILABLE, USAGE
 */
export async function listRuns(
  client: Client,
  filter: RunFilter = {},
  { onNotice }: ListOptions = {},
): Promise<ListedRun[]> {
  const clauses = attributeClauses(filter);
  const searchable = await isSearchable(client.connection, client.options.namespace);
  if (!searchable) {
    const error = unsearchable(client);
    if (clauses.length > 0) throw error;
    onNotice?.(`${error.message} Workflows of your own are not listed. ${error.remedy}`);
  }
  const { limit = 50 } = filter;
  const found: ListedRun[] = [];
  const { WorkflowClient } = await import('@temporalio/client');
  const { connection, options } = client;
  const payloadCodecs = [showSealed(options.loadedDataConverter.payloadCodecs)];
  const lister = new WorkflowClient({
    connection,
    namespace: options.namespace,
    dataConverter: { payloadCodecs },
  });
  for await (const info of lister.list({ query: queryOf(filter, clauses, searchable), pageSize: limit })) {
    if (found.length >= limit) break;
    found.push(describeRun(info));
  }
  return found;
}
