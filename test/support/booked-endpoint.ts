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

/** US dollars of one call: every one takes as many tokens, and as many as it may. */
export const usdACall = 0.002;

/** Something that the server was paid for. */
export interface Booked {
  readonly model: string;
  readonly question: string;
  /** Whether the model that was asked has answered, in the asked form. */
  readonly usable: boolean;
}

/** What is answered is a function of the question alone, as of a model at temperature 0. */
export function answerTo({ messages }: Asked): string {
  const question = messages.at(-1)?.content ?? '';
  if (!question.includes('# Answer A')) return `In short: ${question.split('.')[0] ?? ''}.`;
  const [byte = 0] = createHash('sha256').update(question).digest();
  return ['[[A]]', '[[B]]', '[[tie]]'][byte % 3] ?? '';
}

/** A real server that keeps books: what it was paid for, however it misbehaves. */
export class BookedEndpoint {
  readonly booked: Booked[] = [];
  /** What it does to calls for a model in the place of answering, once it has answered two; none of it is paid. */
  readonly #spoiled = new Map<string, Behaviour[]>();
  /** Models whose next answer is paid and of no form. */
  readonly #shapeless = new Set<string>();
  /** Models in whose place another answers, once so many of their own answers are booked. */
  readonly replaced = new Map<string, number>();
  #server: EndpointServer | undefined;

  async start(): Promise<void> {
    this.#server = await startEndpoint((response, asked) => this.#answer(response, asked));
  }

  close(): void {
    this.#server?.close();
  }

  /** US dollars that it was paid, for all models or one. */
  paidUsd(model?: string): number {
    return this.booked.filter((one) => model === undefined || one.model === model).length * usdACall;
  }

  /** Settings of a model behind it, its name that of who asks. */
  settings(name: string, model: string): EndpointBasics {
    return {
      ...{ name, model, description: 'A model.', baseUrl: this.#server?.baseUrl ?? '' },
      apiKeyVariable: keyVariable,
      prices: { inputUsdPerMillion: 0, outputUsdPerMillion: 200 },
      ...{ spendLimitUsd: 5, concurrency: 2, requestsPerMinute: 60_000, maxTokens: 10 },
      // Of two calls at once one fails as often where five in a row are spoiled: then the attempt ends.
      ...{ timeoutMs: 3000, firstWaitMs: 1, attempts: 3 },
    };
  }

  /** Questions that a model answered, each as often as it was paid for. */
  answered(model: string): string[] {
    return this.booked.filter((one) => one.model === model && one.usable).map(({ question }) => question);
  }

  #answer(response: Parameters<Behaviour>[0], asked: Asked): void {
    const { model } = asked;
    const answered = this.answered(model).length;
    const spoil = answered < 2 ? undefined : this.#spoiled.get(model)?.shift();
    if (spoil === undefined) this.#book(response, asked, answered);
    else spoil(response, asked);
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

  /** Every way in which a server misbehaves and may be asked again, to the next calls for a model. */
  misbehave(model: string): void {
    this.#spoiled.set(model, Object.values(passing));
    this.#shapeless.add(model);
  }
}

const keyVariable = 'BUDGETLINE_TEST_BOOKED_KEY';
process.env[keyVariable] = 'sk-booked';
