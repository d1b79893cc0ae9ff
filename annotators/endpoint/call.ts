import type OpenAI from 'openai';
import { z } from 'zod';
import { BudgetlineError } from '../../contracts/failures';
import type { Ask, EndpointSettings } from './settings';

/** An answer of the endpoint, whether it can be used or not, and what it took. */
export interface Reply {
  /** null where the reply is not of the asked form. */
  readonly answer: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
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
function assertModel(asked: string, answered: unknown): void {
  const isAsked = typeof answered === 'string' && (answered === asked || answered.startsWith(`${asked}-`));
  if (isAsked) return;
  throw new BudgetlineError(
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
    .object({ prompt_tokens: z.number().default(0), completion_tokens: z.number().default(0) })
    .nullish(),
});

/** One call, without retries. Throws what the client throws; ANNOTATOR_REFUSED where another model answered. */
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
  const { choices, usage, model: answered } = completion.parse(response);
  assertModel(model, answered);
  return {
    answer: readAnswer(choices[0]?.message.content),
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
  };
}
