import { BudgetlineError } from '../../core/failures';
import type { Problem } from '../../contracts/task';
import type { JudgePrompt } from '../judge-prompt';

/** Messages to the model. */
export interface Ask {
  readonly system: string;
  readonly user: string;
}

export interface Question {
  /** For error messages. */
  readonly id: string;
  readonly ask: Ask;
  /** Equal questions with other draws are other requests, where answers are sampled. Default: one request. */
  readonly draw?: number;
}

/** A model behind an OpenAI-compatible endpoint. */
export interface EndpointBasics {
  /** Name in definitions (`annotator` or `judge`). */
  readonly name: string;
  /** One sentence for reports. */
  readonly description: string;
  /** Base URL of the API, such as "https://host/v1". */
  readonly baseUrl: string;
  /** The model's name at the endpoint. */
  readonly model: string;
  /** Environment variable with the API key; the key itself is never stored. */
  readonly apiKeyVariable: string;
  /** Sampling temperature. null: none is sent, for models that refuse it. Default: 0. */
  readonly temperature?: number | null;
  /** Longest answer, in tokens, with what a reasoning model thinks before it. Default: 1024. */
  readonly maxTokens?: number;
  /** Field that carries `maxTokens`; reasoning models want "max_completion_tokens". Default: "max_tokens". */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** Further fields of each request, such as { reasoning_effort: 'low' }. Default: none. */
  readonly extraBody?: Readonly<Record<string, unknown>>;
  /** Other names under which the endpoint may answer for `model`. Its dated snapshots need none. Default: none. */
  readonly acceptModels?: readonly string[];
  /** US dollars per million tokens. A reply without usage counts as its largest possible number of tokens. */
  readonly prices: { readonly inputUsdPerMillion: number; readonly outputUsdPerMillion: number };
  /** Largest spend under this name in one store, in US dollars, over all stages, tasks and workers. */
  readonly spendLimitUsd: number;
  /** Calls in flight at once. Default: 4. */
  readonly concurrency?: number;
  /** Calls started per minute. Default: 600, which takes five minutes for 3,000 rows. */
  readonly requestsPerMinute?: number;
  /** Timeout of one call, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number;
  /** Calls for one row, failed ones and unusable answers included, before the stage's attempt fails. Default: 6. */
  readonly attempts?: number;
  /** Milliseconds before the second call for a row, doubled each time; a Retry-After header overrides it. Default: 1000. */
  readonly firstWaitMs?: number;
}

/** An OpenAI-compatible endpoint as an annotator. */
export interface EndpointOptions extends EndpointBasics {
  /** "skip": rows that the model refuses to write are left out and counted. "fail": one ends the stage. Default: "skip". */
  readonly onRefusal?: 'skip' | 'fail';
  /** System prompt: style, format. Default: none. */
  readonly system?: string;
  /** User message for a problem. Default: the problem's prompt. */
  readonly ask?: (problem: Problem) => string;
  /** Turns an answer into a completion. Default: the answer after one space. */
  readonly render?: (answer: string) => string;
}

/** An OpenAI-compatible endpoint as a judge. */
export interface EndpointJudgeOptions extends EndpointBasics, JudgePrompt {}

/** Endpoint options with defaults. */
export interface EndpointSettings extends Required<EndpointBasics> {
  /** The user's own options. */
  readonly given: EndpointBasics;
  /** Substitute for rows without a usable answer. Default: such a row fails the stage. */
  readonly unusable?: string;
  /** Leaves rows out that the model refuses. Default: false. */
  readonly skipsRefused?: boolean;
}

/** Fields of a request that other settings make. */
const ownFields = [
  'model',
  'messages',
  'temperature',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'stream',
  'n',
];

function assertExtra({ name, extraBody = {} }: EndpointBasics): void {
  const field = ownFields.find((each) => Object.hasOwn(extraBody, each));
  if (field === undefined) return;
  throw new BudgetlineError('DEFINITION_INVALID', `Annotator ${name}: extraBody may not set "${field}".`, {
    remedy:
      'Use model, temperature, maxTokens or maxTokensField. One answer is asked for, without streaming.',
    details: { field: `extraBody.${field}` },
  });
}

/** @throws BudgetlineError DEFINITION_INVALID */
export function settingsOf(options: EndpointBasics): EndpointSettings {
  assertExtra(options);
  return {
    temperature: 0,
    maxTokens: 1024,
    maxTokensField: 'max_tokens',
    extraBody: {},
    acceptModels: [],
    concurrency: 4,
    requestsPerMinute: 600,
    timeoutMs: 60_000,
    attempts: 6,
    firstWaitMs: 1000,
    ...options,
    given: options,
  };
}
