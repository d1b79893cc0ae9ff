import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { BudgetlineError } from '../../contracts/failures';
import type { AnnotationSession } from '../../contracts/task';
import { Journal } from '../journal';
import { askOnce, type Outcome } from './call';
import { Limits, usdOf } from './limits';
import { OpenCalls } from './open-calls';
import { codedFailure, isPassing, waitOf } from './retry';
import type { Ask, EndpointSettings, Question } from './settings';

function clientOf(settings: EndpointSettings): OpenAI {
  const { baseUrl: baseURL, apiKeyVariable, timeoutMs: timeout, name } = settings;
  const apiKey = process.env[apiKeyVariable];
  if (apiKey !== undefined && apiKey !== '') return new OpenAI({ baseURL, apiKey, timeout, maxRetries: 0 });
  throw new BudgetlineError(
    'ANNOTATOR_REFUSED',
    `Annotator ${name} has no key: ${apiKeyVariable} is not set.`,
    {
      remedy: `Set ${apiKeyVariable} where the workers run.`,
      details: { variable: apiKeyVariable },
    },
  );
}

/** The same question to the same model, under the same settings, is the same request. */
function requestOf({ baseUrl, model, temperature, maxTokens }: EndpointSettings, ask: Ask): string {
  return createHash('sha256')
    .update(JSON.stringify([baseUrl, model, temperature, maxTokens, ask]))
    .digest('hex');
}

interface Asked extends Question {
  /** SHA-256 of the request. */
  readonly request: string;
}

/** A question, and how often it is put: it is paid for once. */
interface Repeated {
  readonly asked: Asked;
  readonly times: number;
}

function repeatedIn(questions: readonly Asked[]): Map<string, Repeated> {
  const repeated = new Map<string, Repeated>();
  for (const asked of questions)
    repeated.set(asked.request, { asked, times: (repeated.get(asked.request)?.times ?? 0) + 1 });
  return repeated;
}

/** Starts calls no closer together than the rate allows. */
class Pace {
  #nextMs = 0;

  constructor(private readonly gapMs: number) {}

  async wait(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const start = Math.max(now, this.#nextMs);
    this.#nextMs = start + this.gapMs;
    if (start > now) await sleep(start - now, undefined, { signal });
  }
}

interface BatchParts {
  readonly settings: EndpointSettings;
  readonly session: AnnotationSession;
  readonly journal: Journal;
  readonly calls: OpenCalls;
  readonly limits: Limits;
}

/** One batch of questions put to an endpoint. */
class Batch {
  readonly #client: OpenAI;
  readonly #pace: Pace;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #place: string;
  #done = 0;

  constructor(private readonly parts: BatchParts) {
    const { settings, session } = parts;
    this.#client = clientOf(settings);
    this.#pace = new Pace(60_000 / settings.requestsPerMinute);
    this.#place = `${settings.name} (${settings.model})`;
    this.#signal = AbortSignal.any([session.signal, this.#failed.signal]);
    // As many listen as calls wait for their turn.
    setMaxListeners(0, this.#signal);
  }

  /** Writes down what a call is billed, before anything else is made of it. */
  async #record({ request }: Asked, call: string, { answer, billed }: Outcome): Promise<void> {
    const { settings, session, journal, calls } = this.parts;
    if (billed === 'unknown') {
      calls.lose(call);
      return;
    }
    if (billed !== 'nothing') {
      const cost = { ...billed, usd: usdOf(settings, billed) };
      await journal.add({ request, answer, ...cost, stage: session.stage, call });
      session.spent(cost);
    }
    await calls.end(call);
  }

  /** One call; its money is held until what it cost is written down. */
  async #call(asked: Asked): Promise<Outcome> {
    const { settings, session, journal, calls, limits } = this.parts;
    const { ask, request } = asked;
    const held = await limits.hold(ask, this.#signal);
    try {
      await this.#pace.wait(this.#signal);
      const call = await calls.begin({ stage: session.stage, usd: held.usd });
      // A signal of its own: clients leave their listeners on it.
      const signal = AbortSignal.any([this.#signal]);
      // The same name until there is an answer; another where that was of no use.
      const requestId = `${request}-${journal.unusableTo(request) + 1}`;
      const outcome = await askOnce(this.#client, { settings, ask, requestId, signal });
      await this.#record(asked, call, outcome);
      return outcome;
    } finally {
      held.release();
    }
  }

  /** Calls until there is an answer of the asked form. Failed calls count as answers of no use do. */
  async #answer(asked: Asked): Promise<void> {
    const { attempts, firstWaitMs } = this.parts.settings;
    for (let attempt = 1; ; attempt += 1) {
      const { answer, failure } = await this.#call(asked);
      if (answer !== null) return;
      const isLast = attempt >= attempts || this.#signal.aborted;
      if (failure !== undefined && (isLast || !isPassing(failure))) throw codedFailure(failure, this.#place);
      if (isLast) return this.#giveUp(asked);
      const waitMs = waitOf(failure, firstWaitMs * 2 ** (attempt - 1));
      if (failure !== undefined) await sleep(waitMs, undefined, { signal: this.#signal });
    }
  }

  /** What stands for answers that could not be used is written down, so that they are not asked for again. */
  async #giveUp({ request, id }: Asked): Promise<void> {
    const { settings, journal } = this.parts;
    this.#signal.throwIfAborted();
    const { attempts, unusable: answer } = settings;
    if (answer !== undefined)
      return journal.add({ request, answer, inputTokens: 0, outputTokens: 0, usd: 0 });
    throw new BudgetlineError(
      'ANNOTATOR_INVALID',
      `${this.#place} was asked ${attempts} times and gave no answer of the asked form to problem ${id}.`,
      { details: { problem: id } },
    );
  }

  async #work(pending: Iterator<Repeated>, of: number): Promise<void> {
    for (let next = pending.next(); next.done !== true; next = pending.next()) {
      this.#signal.throwIfAborted();
      const { asked, times } = next.value;
      if (this.parts.journal.answerTo(asked.request) === undefined) await this.#answer(asked);
      this.#done += times;
      this.parts.session.report(this.#done, of);
    }
  }

  async run(questions: readonly Question[]): Promise<string[]> {
    const { settings, session, journal } = this.parts;
    const asked = questions.map((each) => ({ ...each, request: requestOf(settings, each.ask) }));
    const pending = repeatedIn(asked).values();
    const workers = Array.from({ length: settings.concurrency }, () =>
      this.#work(pending, asked.length).catch((error: unknown) => {
        // The others end as well: what they have in flight is the only money that may be lost.
        if (!this.#failed.signal.aborted) this.#failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    if (outcomes.some(({ status }) => status === 'rejected')) {
      session.signal.throwIfAborted();
      throw this.#failed.signal.reason;
    }
    return asked.map(({ request }) => journal.answerTo(request) ?? '');
  }
}

/** Answers to questions, in their order; those in the journal are not asked for again. */
export async function answerAll(
  settings: EndpointSettings,
  questions: readonly Question[],
  session: AnnotationSession,
): Promise<string[]> {
  const journal = await Journal.open(session.folder);
  const calls = await OpenCalls.open(session.folder, journal);
  const unbilled = journal.unbilled(session);
  // Also that nothing was paid is told: who is told of no bill goes by the price of a row.
  session.spent(unbilled);
  const paidBeforeUsd = journal.usd - unbilled.usd;
  const limits = new Limits({ settings, session, journal, calls, paidBeforeUsd });
  try {
    return await new Batch({ settings, session, journal, calls, limits }).run(questions);
  } finally {
    const { calls: unknownCalls } = calls.lost(session.stage);
    if (unknownCalls > 0) session.record({ unknownCalls });
  }
}
