import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import { cellTag, type MlflowExperiment, type MlflowRun } from './mlflow';

const experimentAnswer = z.looseObject({ experiment_id: z.string() });
const foundExperiment = z.looseObject({ experiment: experimentAnswer });
const runAnswer = z.looseObject({ info: z.looseObject({ run_id: z.string() }) });
const createdRun = z.looseObject({ run: runAnswer });
const foundRuns = z.looseObject({ runs: z.array(runAnswer).default([]) });

const answerLimitMs = 30_000;

/** Client of a tracking server, e.g. "http://127.0.0.1:5000". */
class TrackingServer {
  constructor(
    private readonly address: string,
    private readonly token: string,
  ) {}

  async call<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    const response = await this.#fetch(path, body);
    const text = await response.text();
    if (response.ok) return schema.parse(JSON.parse(text === '' ? '{}' : text));
    throw this.#refused(`${path}: ${response.status} ${text.slice(0, 300)}`, response.status);
  }

  async #fetch(path: string, body?: object): Promise<Response> {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (this.token !== '') headers.set('authorization', `Bearer ${this.token}`);
    const sent = body && { method: 'POST', body: JSON.stringify(body) };
    try {
      return await fetch(new URL(`api/2.0/mlflow/${path}`, `${this.address.replace(/\/$/, '')}/`), {
        ...sent,
        headers,
        signal: AbortSignal.timeout(answerLimitMs),
      });
    } catch (cause) {
      throw this.#refused(cause instanceof Error ? cause.message : String(cause), undefined, cause);
    }
  }

  #refused(what: string, status?: number, cause?: unknown): BudgetlineError {
    return new BudgetlineError(
      'EXPORT_REFUSED',
      `The MLflow server at ${this.address} refused the request: ${what}`,
      {
        details: { status },
        cause,
      },
    );
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof BudgetlineError && error.details['status'] === 404;

async function openExperiment(server: TrackingServer, { name, tags }: MlflowExperiment): Promise<string> {
  const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  try {
    return (await server.call(path, foundExperiment)).experiment.experiment_id;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return (await server.call('experiments/create', experimentAnswer, { name, tags })).experiment_id;
  }
}

async function findRun(server: TrackingServer, id: string, { tags }: MlflowRun): Promise<string | undefined> {
  const cell = tags.find(({ key }) => key === cellTag)?.value ?? '';
  const { runs } = await server.call('runs/search', foundRuns, {
    experiment_ids: [id],
    filter: `tags.\`${cellTag}\` = '${cell}'`,
    max_results: 1,
  });
  return runs[0]?.info.run_id;
}

const batch = 100;

/** Batches within the server's limit of 100 params, 100 tags and 1,000 metrics for each call. */
function batchesOf({ params, tags, metrics }: MlflowRun): object[] {
  const count = Math.max(params.length, tags.length, metrics.length);
  return Array.from({ length: Math.ceil(count / batch) }, (_, at) => {
    const part = <T>(all: readonly T[]): readonly T[] => all.slice(at * batch, (at + 1) * batch);
    return { params: part(params), tags: part(tags), metrics: part(metrics) };
  });
}

/** Creates the cell's run, or updates it if an earlier export sent it. Returns whether it is new. */
async function sendRun(server: TrackingServer, experimentId: string, run: MlflowRun): Promise<boolean> {
  const { run_name, start_time, status, end_time, tags } = run;
  const known = await findRun(server, experimentId, run);
  const about = { experiment_id: experimentId, run_name, start_time, tags };
  const run_id = known ?? (await server.call('runs/create', createdRun, about)).run.info.run_id;
  for (const part of batchesOf(run)) await server.call('runs/log-batch', z.unknown(), { run_id, ...part });
  await server.call('runs/update', z.unknown(), { run_id, status, end_time });
  return known === undefined;
}

/** Numbers of runs that were created and updated. */
export interface SentRuns {
  readonly added: number;
  readonly updated: number;
}

/**
 * Sends an experiment to an MLflow tracking server. Runs that the server already has are updated.
 *
 * @param token MLFLOW_TRACKING_TOKEN; empty for a server without authentication
 * @throws BudgetlineError EXPORT_REFUSED
 */
export async function sendToMlflow(
  experiment: MlflowExperiment,
  { address, token }: { readonly address: string; readonly token: string },
): Promise<SentRuns> {
  const server = new TrackingServer(address, token);
  const experimentId = await openExperiment(server, experiment);
  let added = 0;
  for (const run of experiment.runs) if (await sendRun(server, experimentId, run)) added += 1;
  return { added, updated: experiment.runs.length - added };
}
