import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Named {
  readonly key: string;
  readonly value: unknown;
}

interface StoredRun {
  status: string;
  end_time?: number;
  readonly id: string;
  readonly params: Map<string, unknown>;
  readonly tags: Map<string, unknown>;
  /** Deduplicated by name, value, time and step, like in the real server. */
  readonly metrics: Map<string, unknown>;
}

interface Body {
  readonly run_id: string;
  readonly name?: string;
  readonly filter?: string;
  readonly status?: string;
  readonly end_time?: number;
  readonly params?: readonly Named[];
  readonly tags?: readonly Named[];
  readonly metrics?: readonly Named[];
}

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The part of an MLflow tracking server's REST API that an export uses; params are immutable. */
export class MlflowStandIn {
  readonly runs: StoredRun[] = [];
  #experiment: string | undefined;
  readonly #server: Server;
  /** Fails every call from the nth on, like a server that goes away. */
  failFrom = Infinity;
  #calls = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const path = (request.url ?? '').replace('/api/2.0/mlflow/', '');
        try {
          if ((this.#calls += 1) >= this.failFrom) throw new Refused(503, 'gone');
          response.end(JSON.stringify(this.#answer(path, JSON.parse(text || '{}') as Body)));
        } catch (error) {
          response.statusCode = error instanceof Refused ? error.status : 500;
          response.end(String(error));
        }
      });
    });
  }

  static async start(): Promise<MlflowStandIn> {
    const standIn = new MlflowStandIn();
    await new Promise<void>((done) => standIn.#server.listen(0, '127.0.0.1', done));
    return standIn;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
  }

  #answer(path: string, body: Body): object {
    if (path.startsWith('experiments/get-by-name')) {
      if (this.#experiment === undefined) throw new Refused(404, 'RESOURCE_DOES_NOT_EXIST');
      return { experiment: { experiment_id: '1' } };
    }
    if (path === 'experiments/create') {
      this.#experiment = body.name;
      return { experiment_id: '1' };
    }
    if (path === 'runs/search')
      return { runs: this.#search(body).map(({ id }) => ({ info: { run_id: id } })) };
    if (path === 'runs/create') return this.#create(body);
    const run = this.runs.find(({ id }) => id === body.run_id);
    if (run === undefined) throw new Refused(404, 'no such run');
    if (path === 'runs/log-batch') this.#log(run, body);
    else if (path === 'runs/update') Object.assign(run, { status: body.status, end_time: body.end_time });
    else throw new Refused(404, path);
    return {};
  }

  #search({ filter = '' }: Body): StoredRun[] {
    const [, tag = '', value] = /^tags\.`([^`]+)` = '([^']*)'$/.exec(filter) ?? [];
    if (value === undefined) throw new Refused(400, filter);
    return this.runs.filter(({ tags }) => tags.get(tag) === value);
  }

  #create({ tags = [] }: Body): object {
    const id = `run-${this.runs.length}`;
    const run = { id, status: 'RUNNING', params: new Map(), tags: new Map(), metrics: new Map() };
    this.runs.push(run);
    this.#log(run, { run_id: id, tags });
    return { run: { info: { run_id: id } } };
  }

  #log(run: StoredRun, { params = [], tags = [], metrics = [] }: Body): void {
    if (params.length > 100 || tags.length > 100 || metrics.length > 1000) throw new Refused(400, 'too many');
    for (const { key, value } of params) {
      if (run.params.has(key) && run.params.get(key) !== value)
        throw new Refused(400, `INVALID_PARAMETER_VALUE: ${key}`);
      run.params.set(key, value);
    }
    for (const { key, value } of tags) run.tags.set(key, value);
    for (const metric of metrics) run.metrics.set(JSON.stringify(metric), metric.value);
  }
}
