import { stackOfCaller } from '../../core/code';
import { callFor } from '../../core/failed-item';
import type { Annotator, Problem } from '../../contracts/task';
import { batchAnnotator } from '../batch';
import { answerAll } from './annotate';
import { identityOf } from './identity';
import { type EndpointOptions, settingsOf } from './settings';

/** The default `ask` and `render` in identities. */
const [askText, renderText] = ['({ prompt }) => prompt', '(answer) => ` ${answer}`'];

/**
 * An annotator that is a model behind an OpenAI-compatible endpoint. It limits rate, concurrency and spend, retries
 * transient failures, and writes each answer to a journal in the store before it is used, so that no row is paid twice
 * after an interruption.
 *
 * Failures: ANNOTATOR_UNAVAILABLE (retried), ANNOTATOR_REFUSED (no key, another model, a refused request),
 * ANNOTATOR_INVALID (unusable answers), SPEND_LIMIT.
 */
export function endpointAnnotator(options: EndpointOptions): Annotator {
  const {
    system = '',
    ask = ({ prompt }: Problem): string => prompt,
    render = (answer: string): string => ` ${answer}`,
  } = options;
  const settings = { ...settingsOf(options), skipsRefused: options.onRefusal !== 'fail' };
  const template = [system, options.ask ?? askText, options.render ?? renderText];
  return batchAnnotator({
    name: options.name,
    description: options.description,
    code: { stack: stackOfCaller(), call: 'endpointAnnotator', only: ['system', 'ask', 'render'] },
    identify: () => Promise.resolve(identityOf(settings, template)),
    async annotateBatch(problems, session) {
      const questions = problems.map((problem) => ({
        id: problem.id,
        ask: { system, user: callFor(problem.id, () => ask(problem)) },
      }));
      const answers = await answerAll(settings, questions, session);
      return answers.map((answer, at) =>
        answer === null ? null : callFor(problems[at]!.id, () => render(answer)),
      );
    },
  });
}
