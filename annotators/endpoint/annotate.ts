import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { BudgetlineError } from '../../core/failures';
import type { AnnotationSession } from '../../contracts/task';
import { Journal } from '../journal';
import { askOnce, type Outcome, type Unusable } from './call';
import { requestOf } from './identity';
import { Limits, usdOf } from './limits';
import { OpenCalls } from './open-calls';
import { codedFailure, isRetryable, waitOf } from './retry';
import type { EndpointSettings, Question } from './settings';

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

interface Asked extends Question {
  /** SHA-256 of the request. */
  readonly request: string;
}

/** A question with its number of occurrences; it is paid for once. */
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

/** Limits the rate of calls. */
class RateLimit {
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

/** One batch of questions to an endpoint. */
class Batch {
  readonly #client: OpenAI;
  readonly #rate: RateLimit;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #place: string;
  #done = 0;

  constructor(private readonly parts: BatchParts) {
    const { settings, session } = parts;
    this.#client = clientOf(settings);
    this.#rate = new RateLimit(60_000 / settings.requestsPerMinute);
    this.#place = `${settings.name} (${settings.model})`;
    this.#signal = AbortSignal.any([session.signal, this.#failed.signal]);
    // Every waiting call adds a listener.
    setMaxListeners(0, this.#signal);
  }

  /** Records a call's bill before its answer is used. */
  async #record({ request }: Asked, call: string, { answer, billed, unusable }: Outcome): Promise<void> {
    const { settings, session, journal, calls } = this.parts;
    if (billed === 'unknown') {
      calls.lose(call);
      return;
    }
    if (billed !== 'nothing') {
      const cost = { ...billed, usd: usdOf(settings, billed) };
      const { isRefusal: refused } = unusable ?? {};
      await journal.add({ request, answer, refused, ...cost, stage: session.stage, call });
      session.spent(cost);
    }
    await calls.end(call);
  }

  /** One call. Its largest cost stays reserved until its bill is recorded. */
  async #call(asked: Asked): Promise<Outcome> {
    const { settings, session, journal, calls, limits } = this.parts;
    const { ask, request } = asked;
    const reserved = await limits.reserve(ask, this.#signal);
    try {
      await this.#rate.wait(this.#signal);
      const call = await calls.begin({ stage: session.stage, usd: reserved.usd });
      // A signal per call: clients leave their listeners on it.
      const signal = AbortSignal.any([this.#signal]);
      // Retries keep the id until there is an answer; after an unusable answer it changes.
      const requestId = `${request}-${journal.unusableTo(request) + 1}`;
      const outcome = await askOnce(this.#client, { settings, ask, requestId, signal });
      await this.#record(asked, call, outcome);
      return outcome;
    } finally {
      reserved.release();
    }
  }

  /** Calls until there is a usable answer. Failed calls and unusable answers count as attempts alike. */
  async #answer(asked: Asked): Promise<void> {
    const { settings } = this.parts;
    const { attempts, firstWaitMs } = settings;
    for (let attempt = 1; ; attempt += 1) {
      const { answer, failure, unusable } = await this.#call(asked);
      if (answer !== null) return;
      const isLast = attempt >= attempts || this.#signal.aborted;
      if (failure !== undefined && (isLast || !isRetryable(failure)))
        throw codedFailure(failure, { place: this.#place, secret: this.#client.apiKey ?? '' });
      if (unusable?.isRefusal === true && settings.skipsRefused) return this.#skip(asked);
      if (isLast || unusable?.isFinal === true) return this.#giveUp(asked, unusable);
      const waitMs = waitOf(failure, firstWaitMs * 2 ** (attempt - 1));
      if (failure !== undefined) await sleep(waitMs, undefined, { signal: this.#signal });
    }
  }

  /** A refusal that cost nothing has no line of its own. */
  async #skip({ request }: Asked): Promise<void> {
    const { journal } = this.parts;
    if (journal.isRefused(request)) return;
    await journal.add({ request, answer: null, refused: true, inputTokens: 0, outputTokens: 0, usd: 0 });
  }

  #isAnswered({ request }: Asked): boolean {
    const { settings, journal } = this.parts;
    if (journal.answerTo(request) !== undefined) return true;
    return settings.skipsRefused === true && journal.isRefused(request);
  }

  /** Records the substitute for unusable answers, if there is one, so that the question is not asked again. */
  async #giveUp({ request, id }: Asked, unusable: Unusable | undefined): Promise<void> {
    const { settings, journal } = this.parts;
    this.#signal.throwIfAborted();
    const { unusable: answer } = settings;
    if (answer !== undefined)
      return journal.add({ request, answer, inputTokens: 0, outputTokens: 0, usd: 0 });
    throw new BudgetlineError(
      'ANNOTATOR_INVALID',
      `${this.#place} returned no usable answer to problem ${id}: the last one ${unusable?.reason ?? 'failed'}.`,
      { remedy: unusable?.remedy, details: { problem: id } },
    );
  }

  async #work(pending: Iterator<Repeated>, of: number): Promise<void> {
    for (let next = pending.next(); next.done !== true; next = pending.next()) {
      this.#signal.throwIfAborted();
      const { asked, times } = next.value;
      if (!this.#isAnswered(asked)) await this.#answer(asked);
      this.#done += times;
      this.parts.session.report(this.#done, of);
    }
  }

  async run(questions: readonly Question[]): Promise<(string | null)[]> {
    const { settings, session, journal } = this.parts;
    const asked = questions.map((each) => ({ ...each, request: requestOf(settings.given, each) }));
    const pending = repeatedIn(asked).values();
    const workers = Array.from({ length: settings.concurrency }, () =>
      this.#work(pending, asked.length).catch((error: unknown) => {
        // Stops the others too: only calls in flight may then be paid without an answer.
        if (!this.#failed.signal.aborted) this.#failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    if (outcomes.some(({ status }) => status === 'rejected')) {
      session.signal.throwIfAborted();
      throw this.#failed.signal.reason;
    }
    return asked.map(({ request }) => journal.answerTo(request) ?? null);
  }
}

/** Answers to questions, in order, null for refusals. Answers in the journal are reused. */
export async function answerAll(
  settings: EndpointSettings,
  questions: readonly Question[],
  session: AnnotationSession,
): Promise<(string | null)[]> {
  const journal = await Journal.open(session.folder);
  const calls = await OpenCalls.open(session.folder, journal);
  const unbilled = journal.unbilled(session);
  // Report a zero bill too: without one the ledger uses the list price.
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
