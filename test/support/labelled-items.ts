import { endpointJudge, type EndpointJudgeOptions, preferenceAnnotator } from '../../annotators';
import type { AnnotationCost, AnnotationSession, PreferenceItem } from '../../contracts/task';

const keyVariable = 'BUDGETLINE_TEST_LABELS_KEY';

/** Labels of items that have two answers: odd labels see them swapped. */
export function itemsToLabel(count: number, labels: number): PreferenceItem[] {
  return Array.from({ length: count * labels }, (_, at) => {
    const [item, label] = [Math.floor(at / labels), at % labels];
    const problem = { id: `p${item}`, prompt: `question ${item}?`, target: '' };
    const answers = [`good answer ${item}`, `bad answer ${item}`] as const;
    const [first, second] = label % 2 === 0 ? answers : ([answers[1], answers[0]] as const);
    return { problem, prompt: problem.prompt, first, second, label };
  });
}

/** A preference annotator that is a model behind an endpoint. Calls cost 0.002 US dollars. */
export function labelByEndpoint(baseUrl: string, change: Partial<EndpointJudgeOptions> = {}) {
  process.env[keyVariable] = 'sk-labels';
  const judge = endpointJudge({
    name: 'model',
    description: 'A model.',
    baseUrl,
    model: 'judge-1',
    apiKeyVariable: keyVariable,
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    spendLimitUsd: 10,
    concurrency: 4,
    requestsPerMinute: 6_000_000,
    firstWaitMs: 1,
    maxTokens: 10,
    ...change,
  });
  return preferenceAnnotator({ name: 'labels', description: 'A model labels.', by: judge });
}

/** A session in a folder, with all that was reported to it. */
export function openSession(folder: string, change: Partial<AnnotationSession> = {}) {
  const spent: AnnotationCost[] = [];
  const recorded: Record<string, number> = {};
  const session: AnnotationSession = {
    folder,
    stage: 'stage',
    billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
    signal: new AbortController().signal,
    report: () => undefined,
    spent: (cost) => void spent.push(cost),
    record: (metrics) => void Object.assign(recorded, metrics),
    generate: () => Promise.reject(new Error('no local model')),
    ...change,
  };
  return { session, spent, recorded };
}
