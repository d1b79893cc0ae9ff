import { temporal } from '@temporalio/proto';
import { BudgetlineError } from '../core/failures';
import { searchAttributes, type SearchAttributeName } from '../contracts/search-attributes';

/** The Temporal services that are needed from a connection. */
export interface TemporalServices {
  readonly workflowService: temporal.api.workflowservice.v1.WorkflowService;
  readonly operatorService: temporal.api.operatorservice.v1.OperatorService;
}

const literals = { KEYWORD: "''", KEYWORD_LIST: "''", INT: '0', DOUBLE: '0.0' } as const;
const { IndexedValueType } = temporal.api.enums.v1;
const names = Object.keys(searchAttributes) as SearchAttributeName[];
const typeOf = (name: SearchAttributeName): number =>
  IndexedValueType[`INDEXED_VALUE_TYPE_${searchAttributes[name]}`];

/** A query with every attribute: the server rejects it if one is unknown. */
const probe = names.map((name) => `${name} = ${literals[searchAttributes[name]]}`).join(' AND ');

/** Whether a namespace has our search attributes. Uses a query, which needs no operator rights. */
export async function isSearchable(
  { workflowService }: TemporalServices,
  namespace: string,
): Promise<boolean> {
  try {
    await workflowService.countWorkflowExecutions({ namespace, query: probe });
    return true;
  } catch {
    return false;
  }
}

function refused(namespace: string, cause: unknown): BudgetlineError {
  const { details, message } = cause as { details?: string; message?: string };
  return new BudgetlineError(
    'SEARCH_UNAVAILABLE',
    `The server rejected search attributes for "${namespace}": ${details ?? message ?? String(cause)}`,
    { cause },
  );
}

async function listAttributes({ operatorService }: TemporalServices, namespace: string) {
  try {
    return (await operatorService.listSearchAttributes({ namespace })).customAttributes;
  } catch (cause) {
    throw refused(namespace, cause);
  }
}

function assertType(namespace: string, name: SearchAttributeName, known: number | undefined): void {
  if (known === undefined || known === typeOf(name)) return;
  throw new BudgetlineError(
    'SEARCH_UNAVAILABLE',
    `The namespace "${namespace}" has ${name} with another type than ${searchAttributes[name]}.`,
    { remedy: `Remove it (temporal operator search-attribute remove --name ${name}) and register again.` },
  );
}

const visibleLimitMs = 30_000;

/** Frontends reread a namespace's attributes periodically. */
async function awaitSearchable(services: TemporalServices, namespace: string): Promise<void> {
  for (const deadline = Date.now() + visibleLimitMs; Date.now() < deadline;) {
    if (await isSearchable(services, namespace)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw refused(
    namespace,
    new Error(`the attributes were not usable ${visibleLimitMs / 1000} s after they were added.`),
  );
}

/**
 * Registers missing search attributes, and waits until the server accepts them in queries. Returns the new
 * names.
 *
 * @throws BudgetlineError SEARCH_UNAVAILABLE if a name has another type, or the server rejects the request
 */
export async function registerSearchAttributes(
  services: TemporalServices,
  namespace: string,
): Promise<SearchAttributeName[]> {
  const known = await listAttributes(services, namespace);
  for (const name of names) assertType(namespace, name, known[name]);
  const missing = names.filter((name) => known[name] === undefined);
  if (missing.length === 0) return [];
  const types = Object.fromEntries(missing.map((name) => [name, typeOf(name)]));
  try {
    await services.operatorService.addSearchAttributes({ namespace, searchAttributes: types });
  } catch (cause) {
    throw refused(namespace, cause);
  }
  await awaitSearchable(services, namespace);
  return missing;
}
