import { createHash } from 'node:crypto';
import type { EndpointBasics } from '../../annotators/endpoint/settings';
import {
  type Asked,
  type Behaviour,
  type EndpointServer,
  passing,
  reply,
  send,
  startEndpoint,
} from './endpoint-server';

/** US dollars of one call; all calls take the same number of tokens, the maximum. */
export const usdACall = 0.002;

/** A call that the server was paid for. */
export interface Booked {
  readonly model: string;
  readonly question: string;
  /** Whether the answer is from the asked model and well formed. */
  readonly usable: boolean;
}

/** The answer depends on the question only, like that of a model at temperature 0. */
export function answerTo({ messages }: Asked): string {
  const question = messages.at(-1)?.content ?? '';
  if (!question.includes('# Answer A')) return `In short: ${question.split('.')[0] ?? ''}.`;
  const [byte = 0] = createHash('sha256').update(question).digest();
  return ['[[A]]', '[[B]]', '[[tie]]'][byte % 3] ?? '';
}

/** A real server that records what it was paid for, also when it misbehaves. */
export class BookedEndpoint {
  readonly booked: Booked[] = [];
  /** Its behaviour for a model after two answers, instead of an answer; it is not paid for these. */
  readonly #spoiled = new Map<string, Behaviour[]>();
  /** Models whose next answer is paid and malformed. */
  readonly #shapeless = new Set<string>();
  /** Models in whose place another model answers after this number of their own answers. */
  readonly replaced = new Map<string, number>();
  #server: EndpointServer | undefined;

  async start(): Promise<void> {
    this.#server = await startEndpoint((...call) => this.#answer(...call));
  }

  close(): void {
    this.#server?.close();
  }

  /** US dollars paid, for all models or one. */
  paidUsd(model?: string): number {
    return this.booked.filter((one) => model === undefined || one.model === model).length * usdACall;
  }

  /** Settings of a model behind it, with the name of the asking annotator. */
  settings(name: string, model: string): EndpointBasics {
    return {
      name,
      model,
      description: 'A model.',
      baseUrl: this.#server?.baseUrl ?? '',
      apiKeyVariable: keyVariable,
      prices: { inputUsdPerMillion: 0, outputUsdPerMillion: 200 },
      spendLimitUsd: 5,
      concurrency: 2,
      requestsPerMinute: 60_000,
      maxTokens: 10,
      // With five spoiled calls in a row, one of two parallel calls fails three times, which ends the attempt.
      timeoutMs: 3000,
      firstWaitMs: 1,
      attempts: 3,
    };
  }

  /** Questions that a model answered, once for each payment. */
  answered(model: string): string[] {
    return this.booked.filter((one) => one.model === model && one.usable).map(({ question }) => question);
  }

  #answer(...[response, asked, requestId]: Parameters<Behaviour>): void {
    const { model } = asked;
    const answered = this.answered(model).length;
    const spoil = answered < 2 ? undefined : this.#spoiled.get(model)?.shift();
    if (spoil === undefined) this.#book(response, asked, answered);
    else spoil(response, asked, requestId);
  }

  #book(response: Parameters<Behaviour>[0], asked: Asked, answered: number): void {
    const { model, messages } = asked;
    const isReplaced = answered >= (this.replaced.get(model) ?? Infinity);
    const isShapeless = this.#shapeless.delete(model);
    const usable = !isReplaced && !isShapeless;
    this.booked.push({ model, question: messages.at(-1)?.content ?? '', usable });
    const answer = isShapeless ? 'Sure!' : JSON.stringify({ answer: answerTo(asked) });
    send(response, 200, reply(answer, isReplaced ? 'cheaper-1' : model));
  }

  /** Applies every retryable fault to the next calls for a model. */
  misbehave(model: string): void {
    this.#spoiled.set(model, Object.values(passing));
    this.#shapeless.add(model);
  }
}

const keyVariable = 'BUDGETLINE_TEST_BOOKED_KEY';
process.env[keyVariable] = 'sk-booked';
