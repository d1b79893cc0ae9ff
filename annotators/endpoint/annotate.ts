import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { BudgetlineError } from '../../contracts/failures';
import type { AnnotationSession } from '../../contracts/task';
import { Journal } from '../journal';
import { askOnce, type Reply } from './call';
import { Limits, usdOf } from './limits';
import { withRetries } from './retry';
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

/** One batch of questions put to an endpoint. */
class Batch {
  readonly #client: OpenAI;
  readonly #pace: Pace;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  #done = 0;

  constructor(
    private readonly settings: EndpointSettings,
    private readonly session: AnnotationSession,
    private readonly journal: Journal,
    private readonly limits: Limits,
  ) {
    this.#client = clientOf(settings);
    this.#pace = new Pace(60_000 / settings.requestsPerMinute);
    this.#signal = AbortSignal.any([session.signal, this.#failed.signal]);
    // As many listen as calls wait for their turn.
    setMaxListeners(0, this.#signal);
  }

  async #record(request: string, reply: Reply): Promise<void> {
    const { answer, inputTokens, outputTokens } = reply;
    const usd = usdOf(this.settings, reply);
    await this.journal.add({ request, answer, inputTokens, outputTokens, usd, stage: this.session.stage });
    this.session.spent({ inputTokens, outputTokens, usd });
  }

  /** One reply that is paid for, however often it takes to get it; it is written down before its money is let go. */
  async #pay({ ask, request }: Asked, attempt: number, place: string): Promise<Reply> {
    const { settings } = this;
    const { attempts, firstWaitMs } = settings;
    const call = async (): Promise<Reply> => {
      await this.#pace.wait(this.#signal);
      // A signal of its own: clients leave their listeners on it.
      const signal = AbortSignal.any([this.#signal]);
      return askOnce(this.#client, { settings, ask, requestId: `${request}-${attempt}`, signal });
    };
    const release = await this.limits.hold(ask, this.#signal);
    try {
      const reply = await withRetries(call, { attempts, firstWaitMs, signal: this.#signal, place });
      await this.#record(request, reply);
      return reply;
    } finally {
      release();
    }
  }

  /** Calls until an answer is of the asked form; each that is not was paid for all the same. */
  async #answer(asked: Asked): Promise<void> {
    const { settings } = this;
    const place = `${settings.name} (${settings.model})`;
    for (let attempt = 1; attempt <= settings.attempts; attempt += 1) {
      const { refusal, answer } = await this.#pay(asked, attempt, place);
      if (refusal !== null) throw refusal;
      if (answer !== null) return;
    }
    if (settings.unusable !== undefined) return this.#settle(asked.request, settings.unusable);
    throw new BudgetlineError(
      'ANNOTATOR_INVALID',
      `${place} gave ${settings.attempts} answers to problem ${asked.id} that are not of the asked form.`,
      { details: { problem: asked.id } },
    );
  }

  /** An answer that stands for those that could not be used, so that they are not asked for again. */
  #settle(request: string, answer: string): Promise<void> {
    return this.journal.add({ request, answer, inputTokens: 0, outputTokens: 0, usd: 0 });
  }

  async #work(pending: Iterator<Asked>, of: number): Promise<void> {
    for (let next = pending.next(); next.done !== true; next = pending.next()) {
      this.#signal.throwIfAborted();
      if (this.journal.answerTo(next.value.request) === undefined) await this.#answer(next.value);
      this.#done += 1;
      this.session.report(this.#done, of);
    }
  }

  async run(questions: readonly Question[]): Promise<string[]> {
    const asked = questions.map((each) => ({ ...each, request: requestOf(this.settings, each.ask) }));
    // A question that is put twice is paid for once.
    const pending = new Map(asked.map((each) => [each.request, each])).values();
    const workers = Array.from({ length: this.settings.concurrency }, () =>
      this.#work(pending, asked.length).catch((error: unknown) => {
        // The others end as well: what they have in flight is the only money that may be lost.
        if (!this.#failed.signal.aborted) this.#failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(workers);
    if (outcomes.some(({ status }) => status === 'rejected')) {
      this.session.signal.throwIfAborted();
      throw this.#failed.signal.reason;
    }
    return asked.map(({ request }) => this.journal.answerTo(request) ?? '');
  }
}

/** Answers to questions, in their order; those in the journal are not asked for again. */
export async function answerAll(
  settings: EndpointSettings,
  questions: readonly Question[],
  session: AnnotationSession,
): Promise<string[]> {
  const journal = await Journal.open(session.folder);
  const unbilled = journal.unbilled(session);
  // Also that nothing was paid is told: who is told of no bill goes by the price of a row.
  session.spent(unbilled);
  const paidBeforeUsd = journal.usd - unbilled.usd;
  const limits = new Limits({ settings, session, journal, paidBeforeUsd });
  return new Batch(settings, session, journal, limits).run(questions);
}
