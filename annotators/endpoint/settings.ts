import { createHash } from 'node:crypto';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import type { Problem } from '../../contracts/task';
import type { JudgeAsking } from '../judge-prompt';

/** What is asked of the model. */
export interface Ask {
  readonly system: string;
  readonly user: string;
}

/** Something asked, by its name for messages. */
export interface Question {
  readonly id: string;
  readonly ask: Ask;
}

/** A model behind an OpenAI-compatible endpoint. */
export interface EndpointBasics {
  /** Its name in definitions. */
  readonly name: string;
  /** One sentence for reports. */
  readonly description: string;
  /** "https://host/v1". */
  readonly baseUrl: string;
  readonly model: string;
  /** Name of the environment variable that holds the key; the key itself is written nowhere. */
  readonly apiKeyVariable: string;
  /** 0 unless told. */
  readonly temperature?: number;
  /** Longest answer in tokens; 1,024 unless told. */
  readonly maxTokens?: number;
  /** US dollars a million tokens. A reply that reports no usage counts as the most tokens that it can have. */
  readonly prices: { readonly inputUsdPerMillion: number; readonly outputUsdPerMillion: number };
  /**
   * Money that may be spent under its name in one store, in US dollars: by all stages, tasks and workers together, as an
   * annotator and as a judge.
   */
  readonly spendLimitUsd: number;
  /** Calls at once; 4 unless told. */
  readonly concurrency?: number;
  /** Calls started a minute; 600 unless told, at which 3,000 rows take five minutes. */
  readonly requestsPerMinute?: number;
  /** How long one call may take; a minute unless told. */
  readonly timeoutMs?: number;
  /** Calls for one row before the stage's attempt ends, failed ones and answers of no use together; 6 unless given. */
  readonly attempts?: number;
  /** Wait before the second call for a row, doubled each time; a second unless told. Retry-After goes before. */
  readonly firstWaitMs?: number;
}

/** An OpenAI-compatible endpoint as an annotator. */
export interface EndpointOptions extends EndpointBasics {
  /** What the model is told beside the problem: style, format. */
  readonly system?: string;
  /** The problem as the model is shown it; its prompt unless told. */
  readonly ask?: (problem: Problem) => string;
  /** The completion that an answer becomes; one space before it unless told. */
  readonly render?: (answer: string) => string;
}

/** An OpenAI-compatible endpoint as a judge. */
export interface EndpointJudgeOptions extends EndpointBasics, JudgeAsking {}

/** An endpoint with every default in place. */
export interface EndpointSettings extends Required<EndpointBasics> {
  /** What stands for a row whose answers are never of the asked form; such rows end the stage where it is left out. */
  readonly unusable?: string;
}

export function settingsOf(options: EndpointBasics): EndpointSettings {
  return {
    ...{ temperature: 0, maxTokens: 1024, concurrency: 4, requestsPerMinute: 600 },
    ...{ timeoutMs: 60_000, attempts: 6, firstWaitMs: 1000 },
    ...options,
  };
}

/** What decides its answers: the model, what it is told (functions by their source), settings. Not where it is, nor its price. */
export function identityOf(settings: EndpointSettings, told: readonly unknown[]): AnnotatorIdentity {
  const { model, temperature, maxTokens } = settings;
  return {
    ...{ kind: 'endpoint', model, promptTemplateSha256: digestOfTold(told) },
    settings: { temperature, maxTokens },
  };
}

/** SHA-256 of what somebody is told beside a row; functions count by their source. */
export function digestOfTold(told: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(told.map(String)))
    .digest('hex');
}
