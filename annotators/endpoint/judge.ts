import { definedAt, stackOfCaller } from '../../core/code';
import type { Judge } from '../../contracts/task';
import { judgeFields, judgeMessages } from '../judge-prompt';
import { answerAll } from './annotate';
import { identityOf } from './identity';
import { type EndpointJudgeOptions, settingsOf } from './settings';

/** Verdict for unusable answers: they never fail a judge's stage. */
const unreadable = 'unreadable';

/**
 * A judge that is a model behind an OpenAI-compatible endpoint, with the journal, limits and retries of
 * {@link endpointAnnotator}. Unparseable verdicts count as losses, and their fraction is reported.
 */
export function endpointJudge(options: EndpointJudgeOptions): Judge {
  const settings = { ...settingsOf(options), unusable: unreadable };
  const { templateOf, messagesFor } = judgeMessages(options);
  const judge: Judge = {
    name: options.name,
    description: options.description,
    identify: (use) => Promise.resolve(identityOf(settings, templateOf(use))),
    async compareBatch(comparisons, session) {
      const questions = comparisons.map((comparison, index) => ({
        id: `comparison ${index + 1}`,
        ask: messagesFor(comparison),
        draw: comparison.label,
      }));
      const verdicts = await answerAll(settings, questions, session);
      return verdicts.map((verdict) => verdict ?? unreadable);
    },
  };
  return definedAt(judge, { stack: stackOfCaller(), call: 'endpointJudge', only: judgeFields });
}
