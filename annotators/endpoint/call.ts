import OpenAI from 'openai';
import { z } from 'zod';
import type { BudgetlineError } from '../../core/failures';
import { refusalOf } from './model-name';
import { ErrorReply, neverSent, ReplyTooLong } from './retry';
import type { Ask, EndpointSettings } from './settings';

/** Token usage of a call. */
export interface Tokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Result of a call. */
export interface Outcome {
  /** Its billed tokens; 'unknown' where its reply was never read. */
  readonly billed: Tokens | 'nothing' | 'unknown';
  /** null without a usable answer. */
  readonly answer: string | null;
  /** Error of the call; an unusable answer is not an error. */
  readonly failure?: unknown;
  readonly unusable?: Unusable;
}

/** Why a reply has no usable answer. */
export interface Unusable {
  /** Continues "the last one …". */
  readonly reason: string;
  readonly remedy?: string;
  /** The same would come again. */
  readonly isFinal: boolean;
  /** The model does not want to answer. */
  readonly isRefusal?: true;
}

/** Tokens that a chat template and the response format may add to a question. */
const overheadTokens = 512;

/** Upper bound of a call's tokens: each token has at least one byte. */
export function mostTokens({ maxTokens }: EndpointSettings, { system, user }: Ask): Tokens {
  const inputTokens = Buffer.byteLength(system) + Buffer.byteLength(user) + overheadTokens;
  return { inputTokens, outputTokens: maxTokens };
}

const answerForm = z.strictObject({ answer: z.string().min(1) });
const responseFormat = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'answer',
    strict: true,
    schema: {
      type: 'object',
      properties: { answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    },
  },
};

const cut: Unusable = {
  reason: 'was cut at maxTokens',
  remedy: 'Raise maxTokens.',
  isFinal: true,
};
const refusedByModel: Unusable = {
  reason: 'is a refusal by the model',
  remedy: 'Reword the request, take the problem out of the data, or leave such rows out (onRefusal: "skip").',
  isFinal: true,
  isRefusal: true,
};
const shapeless: Unusable = { reason: 'was not the JSON object that was asked for', isFinal: false };

/** Why the first choice of a reply has no usable answer. */
function describeUnusable(choice: Choice | undefined): Unusable {
  const { finish_reason: reason, message } = choice ?? {};
  if (reason === 'length') return cut;
  return reason === 'content_filter' || typeof message?.refusal === 'string' ? refusedByModel : shapeless;
}

function readAnswer(content: unknown): string | null {
  if (typeof content !== 'string') return null;
  try {
    const parsed = answerForm.safeParse(JSON.parse(content));
    return parsed.success && parsed.data.answer.trim() !== '' ? parsed.data.answer : null;
  } catch {
    return null;
  }
}

const choice = z.object({
  finish_reason: z.unknown().optional(),
  message: z
    .object({ content: z.unknown().optional(), refusal: z.unknown().optional() })
    .nullish()
    .catch(null),
});
type Choice = z.infer<typeof choice>;

const usage = z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() });

/** A reply, parsed leniently: each part may be missing or malformed. */
const reply = z.object({
  model: z.unknown().optional(),
  choices: z
    .array(choice.catch({ message: null }))
    .nullish()
    .catch(null),
  usage: usage.nullish().catch(null),
  error: z
    .looseObject({ usage: usage.nullish().catch(null) })
    .nullish()
    .catch({}),
});
type Reply = z.infer<typeof reply>;

interface Received {
  readonly status: number;
  /** null where the body is not a JSON object. */
  readonly body: Reply | null;
}

function parseBody(text: string): Reply | null {
  try {
    return reply.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether a usage can be true: some servers report zeros, which would defeat every limit. */
function isCounted(used: z.infer<typeof usage>, body: Reply | null): boolean {
  const isWritten = Boolean(body?.choices?.[0]?.message?.content);
  return used.prompt_tokens > 0 && (used.completion_tokens > 0 || !isWritten);
}

/** The bill of a reply, usable or not. */
function billOf({ status, body }: Received, most: Tokens): Outcome['billed'] {
  const used = body?.usage ?? body?.error?.usage;
  if (used && isCounted(used, body))
    return { inputTokens: used.prompt_tokens, outputTokens: used.completion_tokens };
  if (status >= 400) return 'nothing';
  return body === null || isError(body) ? 'unknown' : most;
}

const isError = ({ choices, error }: Reply): boolean => !choices && error !== null && error !== undefined;

type CallOptions = Readonly<{
  settings: EndpointSettings;
  ask: Ask;
  requestId: string;
  signal: AbortSignal;
}>;

function bodyOf(settings: EndpointSettings, ask: Ask) {
  const { model, temperature, maxTokens, maxTokensField, extraBody } = settings;
  const messages = [
    ...(ask.system === '' ? [] : [{ role: 'system' as const, content: ask.system }]),
    { role: 'user' as const, content: ask.user },
  ];
  const limit = { [maxTokensField]: maxTokens };
  const drawn = temperature === null ? {} : { temperature };
  return { ...extraBody, model, ...drawn, ...limit, messages, response_format: responseFormat };
}

/** More than any reply needs: a token is at most some hundred bytes of JSON. */
const mostBytes = ({ maxTokens }: EndpointSettings): number => 65_536 + 1_024 * maxTokens;

async function readText({ body }: Response, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > most) throw new ReplyTooLong(most);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Calls the client and keeps the raw reply, also where the client throws. */
async function send(client: OpenAI, { settings, ask, requestId, signal }: CallOptions) {
  let received: Received | undefined;
  // The client's time-out covers the body too, since it is read here. Another address must not get the key.
  const keeping: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'manual' });
    const text = await readText(response, mostBytes(settings));
    const { status, headers } = response;
    received = { status, body: parseBody(text) };
    return new Response(text, { status, headers });
  };
  // Servers that support this header bill a repeated request once.
  const options = { signal, headers: { 'Idempotency-Key': requestId } };
  const asking = client.withOptions({ fetch: keeping }).chat.completions;
  const failure: unknown = await asking.create(bodyOf(settings, ask), options).then(
    () => undefined,
    (error: unknown) => error ?? new Error('unknown'),
  );
  return { received, failure };
}

/** Codes of endpoints whose filter refuses a prompt before the model sees it. */
const filterCodes: ReadonlySet<unknown> = new Set(['content_filter', 'content_policy_violation']);

const refusesPrompt = (failure: unknown): boolean =>
  failure instanceof OpenAI.APIError && failure.status === 400 && filterCodes.has(failure.code);

/** The error in a reply: an error body, or another model; null for none. */
function faultOf({ model, ...body }: Reply, { settings }: CallOptions): BudgetlineError | ErrorReply | null {
  return isError({ model, ...body }) ? new ErrorReply() : refusalOf(settings, model);
}

/** One call, without retries. */
export async function askOnce(client: OpenAI, options: CallOptions): Promise<Outcome> {
  const { received, failure } = await send(client, options);
  if (received === undefined)
    return { billed: neverSent(failure) ? 'nothing' : 'unknown', answer: null, failure };
  const billed = billOf(received, mostTokens(options.settings, options.ask));
  const { body } = received;
  if (refusesPrompt(failure)) return { billed, answer: null, unusable: refusedByModel };
  if (failure !== undefined || body === null)
    return { billed, answer: null, failure: failure ?? new ErrorReply() };
  const fault = faultOf(body, options);
  if (fault !== null) return { billed, answer: null, failure: fault };
  const first = body.choices?.[0];
  const answer = readAnswer(first?.message?.content);
  return { billed, answer, unusable: answer === null ? describeUnusable(first) : undefined };
}
