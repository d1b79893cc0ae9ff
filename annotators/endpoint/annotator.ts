import { stackOfCaller } from '../../contracts/code';
import type { Annotator, Problem } from '../../contracts/task';
import { batchAnnotator } from '../batch';
import { answerAll } from './annotate';
import { type EndpointOptions, identityOf, settingsOf } from './settings';

/**
 * An annotator that is a model behind an OpenAI-compatible endpoint. A stage's rows are one batch: the rate, the number of
 * calls at once and the money are limited, failures that pass are tried again, and each answer is written to a journal in the
 * store before it is used, so that a run that is cut off pays for no row twice.
 *
 * Failures: ANNOTATOR_UNAVAILABLE (tried again), ANNOTATOR_REFUSED (no key, a wrong model, a refused request),
 * ANNOTATOR_INVALID (answers that are not of the asked form), SPEND_LIMIT.
 */
export function endpointAnnotator(options: EndpointOptions): Annotator {
  const {
    system = '',
    ask = ({ prompt }: Problem): string => prompt,
    render = (answer: string): string => ` ${answer}`,
  } = options;
  const settings = settingsOf(options);
  return batchAnnotator({
    name: options.name,
    description: options.description,
    code: { stack: stackOfCaller(), call: 'endpointAnnotator', only: ['system', 'ask', 'render'] },
    identify: () => Promise.resolve(identityOf(settings, [system, ask, render])),
    async annotateBatch(problems, session) {
      const questions = problems.map((problem) => ({ id: problem.id, ask: { system, user: ask(problem) } }));
      return (await answerAll(settings, questions, session)).map(render);
    },
  });
}
