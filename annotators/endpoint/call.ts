import type OpenAI from 'openai';
import { z } from 'zod';
import type { BudgetlineError } from '../../core/failures';
import { refusalOf } from './model-name';
import { ErrorReply, neverSent } from './retry';
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

function readAnswer(content: unknown): string | null {
  if (typeof content !== 'string') return null;
  try {
    const parsed = answerForm.safeParse(JSON.parse(content));
    return parsed.success && parsed.data.answer.trim() !== '' ? parsed.data.answer : null;
  } catch {
    return null;
  }
}

const usage = z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() });

/** A reply, parsed leniently: each part may be missing or malformed. */
const reply = z.object({
  model: z.unknown().optional(),
  choices: z
    .array(
      z
        .object({ message: z.object({ content: z.unknown().optional() }).nullish().catch(null) })
        .catch({ message: null }),
    )
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

/** The bill of a reply, usable or not. */
function billOf({ status, body }: Received, most: Tokens): Outcome['billed'] {
  const used = body?.usage ?? body?.error?.usage;
  if (used) return { inputTokens: used.prompt_tokens, outputTokens: used.completion_tokens };
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

function bodyOf({ model, temperature, maxTokens }: EndpointSettings, ask: Ask) {
  const messages = [
    ...(ask.system === '' ? [] : [{ role: 'system' as const, content: ask.system }]),
    { role: 'user' as const, content: ask.user },
  ];
  return { model, temperature, max_tokens: maxTokens, messages, response_format: responseFormat };
}

/** Calls the client and keeps the raw reply, also where the client throws. */
async function send(client: OpenAI, { settings, ask, requestId, signal }: CallOptions) {
  let received: Received | undefined;
  const keeping: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const text = await response.text();
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

/** The error in a reply: an error body, or another model; null for none. */
function faultOf({ model, ...body }: Reply, { settings }: CallOptions): BudgetlineError | ErrorReply | null {
  return isError({ model, ...body }) ? new ErrorReply() : refusalOf(settings.model, model);
}

/** One call, without retries. */
export async function askOnce(client: OpenAI, options: CallOptions): Promise<Outcome> {
  const { received, failure } = await send(client, options);
  if (received === undefined)
    return { billed: neverSent(failure) ? 'nothing' : 'unknown', answer: null, failure };
  const billed = billOf(received, mostTokens(options.settings, options.ask));
  const { body } = received;
  if (failure !== undefined || body === null)
    return { billed, answer: null, failure: failure ?? new ErrorReply() };
  const fault = faultOf(body, options);
  if (fault !== null) return { billed, answer: null, failure: fault };
  return { billed, answer: readAnswer(body.choices?.[0]?.message?.content) };
}
