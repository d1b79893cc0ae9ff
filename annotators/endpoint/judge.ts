import { definedAt, stackOfCaller } from '../../core/code';
import type { Judge } from '../../contracts/task';
import { judgeFields, withDefaultPrompt } from '../judge-prompt';
import { answerAll } from './annotate';
import { type EndpointJudgeOptions, identityOf, settingsOf } from './settings';

/** Verdict for unusable answers: they never fail a judge's stage. */
const unreadable = 'unreadable';

/**
 * A judge that is a model behind an OpenAI-compatible endpoint, with the journal, limits and retries of
 * {@link endpointAnnotator}. Unparseable verdicts count as losses, and their fraction is reported.
 */
export function endpointJudge(options: EndpointJudgeOptions): Judge {
  const settings = { ...settingsOf(options), unusable: unreadable };
  const { system, ask } = withDefaultPrompt(options);
  const judge: Judge = {
    name: options.name,
    description: options.description,
    identify: () => Promise.resolve(identityOf(settings, [system, ask])),
    compareBatch(comparisons, session) {
      const questions = comparisons.map((comparison, index) => ({
        id: `comparison ${index + 1}`,
        ask: { system, user: ask(comparison) },
      }));
      return answerAll(settings, questions, session);
    },
  };
  return definedAt(judge, { stack: stackOfCaller(), call: 'endpointJudge', only: judgeFields });
}
