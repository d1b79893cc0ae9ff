import { createHash } from 'node:crypto';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import type { Problem } from '../../contracts/task';

/** What is asked of the model. */
export interface Ask {
  readonly system: string;
  readonly user: string;
}

/** An OpenAI-compatible endpoint as an annotator. */
export interface EndpointOptions {
  /** Name of the annotator in definitions. */
  readonly name: string;
  /** One sentence for reports. */
  readonly description: string;
  /** "https://host/v1". */
  readonly baseUrl: string;
  readonly model: string;
  /** Name of the environment variable that holds the key; the key itself is written nowhere. */
  readonly apiKeyVariable: string;
  /** What the model is told beside the problem: style, format. */
  readonly system?: string;
  /** The problem as the model is shown it; its prompt unless told. */
  readonly ask?: (problem: Problem) => string;
  /** The completion that an answer becomes; one space before it unless told. */
  readonly render?: (answer: string) => string;
  /** 0 unless told. */
  readonly temperature?: number;
  /** Longest answer in tokens; 1,024 unless told. */
  readonly maxTokens?: number;
  /** US dollars a million tokens. */
  readonly prices: { readonly inputUsdPerMillion: number; readonly outputUsdPerMillion: number };
  /** Money that this annotator may spend in one store, all stages together, in US dollars. */
  readonly spendLimitUsd: number;
  /** Calls at once; 4 unless told. */
  readonly concurrency?: number;
  /** Calls started a minute; 600 unless told. */
  readonly requestsPerMinute?: number;
  /** How long one call may take; a minute unless told. */
  readonly timeoutMs?: number;
  /** Calls for one row before the attempt ends; 6 unless told. */
  readonly attempts?: number;
  /** Wait before the second call for a row, doubled each time; a second unless told. Retry-After goes before. */
  readonly firstWaitMs?: number;
}

export type EndpointSettings = Required<EndpointOptions>;

export function settingsOf(options: EndpointOptions): EndpointSettings {
  return {
    system: '',
    ask: ({ prompt }) => prompt,
    render: (answer) => ` ${answer}`,
    ...{ temperature: 0, maxTokens: 1024, concurrency: 4, requestsPerMinute: 600 },
    ...{ timeoutMs: 60_000, attempts: 6, firstWaitMs: 1000 },
    ...options,
  };
}

export function askOf(settings: EndpointSettings, problem: Problem): Ask {
  return { system: settings.system, user: settings.ask(problem) };
}

/** What decides its answers: the model, what it is told (functions by their source), settings. Not where it is, nor its price. */
export function identityOf(settings: EndpointSettings): AnnotatorIdentity {
  const { model, system, ask, render, temperature, maxTokens } = settings;
  const told = JSON.stringify([system, String(ask), String(render)]);
  const promptTemplateSha256 = createHash('sha256').update(told).digest('hex');
  return { kind: 'endpoint', model, promptTemplateSha256, settings: { temperature, maxTokens } };
}
