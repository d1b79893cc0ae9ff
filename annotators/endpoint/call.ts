import type OpenAI from 'openai';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import type { Ask, EndpointSettings } from './settings';

/** What a call took. */
export interface Tokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** An answer of the endpoint, whether it can be used or not, and what it took. */
export interface Reply extends Tokens {
  /** null where the reply is not of the asked form, or of another model. */
  readonly answer: string | null;
  /** Why nobody should ask again: another model answered. */
  readonly refusal: BudgetlineError | null;
}

/** Tokens that a chat template and the form of the answer may add to a question. */
const overheadTokens = 512;

/** What one call can take at most: a token holds a byte at least. */
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

/** "gpt-4o-2024-08-06" answers for "gpt-4o"; anything else is another model. */
function refusalOf(asked: string, answered: unknown): BudgetlineError | null {
  const isAsked = typeof answered === 'string' && (answered === asked || answered.startsWith(`${asked}-`));
  if (isAsked) return null;
  return new BudgetlineError(
    'ANNOTATOR_REFUSED',
    `Asked for model ${asked}, ${JSON.stringify(answered)} answered.`,
    {
      remedy: 'Name the model as the endpoint does: whose answers they are is part of the record.',
      details: { asked },
    },
  );
}

const completion = z.object({
  model: z.unknown(),
  choices: z.array(z.object({ message: z.object({ content: z.unknown() }) })).min(1),
  usage: z
    .object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() })
    .nullish()
    .catch(null),
});

type Completion = z.infer<typeof completion>;

/** What a server does not tell is held for the most that it can be: a limit on money would be none else. */
function tokensOf({ usage }: Completion, settings: EndpointSettings, ask: Ask): Tokens {
  if (usage === null || usage === undefined) return mostTokens(settings, ask);
  return { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
}

/** One call, without retries. Throws what the client throws. */
export async function askOnce(
  client: OpenAI,
  {
    settings,
    ask,
    requestId,
    signal,
  }: { settings: EndpointSettings; ask: Ask; requestId: string; signal: AbortSignal },
): Promise<Reply> {
  const { model, temperature, maxTokens } = settings;
  const messages = [
    ...(ask.system === '' ? [] : [{ role: 'system' as const, content: ask.system }]),
    { role: 'user' as const, content: ask.user },
  ];
  const body = { model, temperature, max_tokens: maxTokens, messages, response_format: responseFormat };
  // Servers that know the header bill a repeated request once.
  const options = { signal, headers: { 'Idempotency-Key': requestId } };
  const response: unknown = await client.chat.completions.create(body, options);
  const parsed = completion.parse(response);
  const refusal = refusalOf(model, parsed.model);
  const answer = refusal === null ? readAnswer(parsed.choices[0]?.message.content) : null;
  return { answer, refusal, ...tokensOf(parsed, settings, ask) };
}
