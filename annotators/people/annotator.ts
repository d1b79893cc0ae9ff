import type { Annotator } from '../../contracts/task';
import { annotatorByTheBatch } from '../by-the-batch';
import { awaitAnswers } from './queue';

export interface PeopleOptions {
  /** Their name in definitions. */
  readonly name: string;
  /** One sentence for reports: who they are, what they were told. */
  readonly description: string;
  /** Where queue.jsonl is written and answers.jsonl is expected, for all of their work. */
  readonly folder: string;
  /** Raised when they are told otherwise, or are others; 1 unless told. */
  readonly version?: number;
}

/**
 * People as annotators, by files: what is to be answered stands in queue.jsonl ({ id, prompt } a line), answers go into
 * answers.jsonl ({ id, completion } a line), by hand or by `budgetline annotate FOLDER --add FILE`. The stage is asked again
 * ever more rarely until all are there; meanwhile it holds no worker, and workers and server may be stopped and started.
 */
export function peopleAnnotator(options: PeopleOptions): Annotator {
  const { name, description, version = 1 } = options;
  return annotatorByTheBatch({
    ...{ name, description },
    identify: () => Promise.resolve({ kind: 'people', version }),
    async demonstrateAll(problems, session) {
      const rows = problems.map(({ id, prompt }) => ({ id, prompt }));
      const answers = await awaitAnswers(options, rows);
      session.report(problems.length, problems.length);
      // Whoever answers again corrects what was said before.
      return answers.map((given) => given.at(-1)?.completion ?? '');
    },
  });
}
