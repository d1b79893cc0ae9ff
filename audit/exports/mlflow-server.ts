import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import { evaluationTag, type MlflowExperiment, type MlflowRun } from './mlflow';

const experimentAnswer = z.looseObject({ experiment_id: z.string() });
const foundExperiment = z.looseObject({ experiment: experimentAnswer });
const createdRun = z.looseObject({ run: z.looseObject({ info: z.looseObject({ run_id: z.string() }) }) });
const foundRuns = z.looseObject({ runs: z.array(z.unknown()).default([]) });

const answerLimitMs = 30_000;

/** A tracking server, by its address: "http://127.0.0.1:5000". */
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
    const authorization = this.token === '' ? {} : { authorization: `Bearer ${this.token}` };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    try {
      return await fetch(new URL(`api/2.0/mlflow/${path}`, `${this.address.replace(/\/$/, '')}/`), {
        ...sent,
        headers: { 'content-type': 'application/json', ...authorization },
        signal: AbortSignal.timeout(answerLimitMs),
      });
    } catch (cause) {
      throw this.#refused(cause instanceof Error ? cause.message : String(cause), undefined, cause);
    }
  }

  #refused(what: string, status?: number, cause?: unknown): BudgetlineError {
    return new BudgetlineError(
      'EXPORT_REFUSED',
      `The MLflow server at ${this.address} did not take it: ${what}`,
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

/** False where the server has the run already. */
async function sendRun(server: TrackingServer, experimentId: string, run: MlflowRun): Promise<boolean> {
  const evaluation = run.tags.find(({ key }) => key === evaluationTag)?.value ?? '';
  const known = await server.call('runs/search', foundRuns, {
    experiment_ids: [experimentId],
    filter: `tags.\`${evaluationTag}\` = '${evaluation}' and attributes.status = 'FINISHED'`,
    max_results: 1,
  });
  if (known.runs.length > 0) return false;
  const { params, metrics, end_time, ...about } = run;
  const created = await server.call('runs/create', createdRun, { experiment_id: experimentId, ...about });
  const { run_id } = created.run.info;
  await server.call('runs/log-batch', z.unknown(), { run_id, params, metrics });
  await server.call('runs/update', z.unknown(), { run_id, status: 'FINISHED', end_time });
  return true;
}

/**
 * Sends an experiment to an MLflow tracking server; what it has already is not sent again. Gives how many runs were new.
 *
 * @param token of MLFLOW_TRACKING_TOKEN; empty for a server that asks for none
 * @throws BudgetlineError EXPORT_REFUSED
 */
export async function sendToMlflow(
  experiment: MlflowExperiment,
  { address, token }: { readonly address: string; readonly token: string },
): Promise<number> {
  const server = new TrackingServer(address, token);
  const experimentId = await openExperiment(server, experiment);
  let sent = 0;
  for (const run of experiment.runs) if (await sendRun(server, experimentId, run)) sent += 1;
  return sent;
}
