import type { AnnotatorIdentity } from '../../contracts/provenance';
import type { Annotator } from '../../contracts/task';
import { batchAnnotator } from '../batch';
import { countAlike } from './agreement';
import { awaitAnswers, distinctRows, latestByPerson, type PeopleAnswer } from './queue';

export interface PeopleOptions {
  /** Their name in definitions. */
  readonly name: string;
  /** One sentence for reports: who they are, what they were told. */
  readonly description: string;
  /** Where queue.jsonl is written and answers.jsonl is expected, for all of their work. */
  readonly folder: string;
  /** Raised when they are told otherwise, or are others; 1 unless told. */
  readonly version?: number;
  /** How many different people are to answer each row before it counts as answered; 1 unless told. */
  readonly people?: number;
}

/** What is asked of how many people stands in the key; one version of one person does as it always has. */
export function identityOfPeople(
  { version = 1, people = 1 }: PeopleOptions,
  further: Readonly<Record<string, unknown>> = {},
): AnnotatorIdentity {
  const settings = { ...(people === 1 ? {} : { people }), ...further };
  return { kind: 'people', version, ...(Object.keys(settings).length === 0 ? {} : { settings }) };
}

export interface PeopleAnnotatorOptions extends PeopleOptions {
  /**
   * Whose demonstration is taken where several answer the same row, since a budget buys one: the one that was given "last",
   * which is so unless told, or that of whoever was "first", as they have corrected it since.
   */
  readonly several?: 'last' | 'first';
}

const taken = {
  last: (answers: readonly PeopleAnswer[]) => answers.at(-1),
  first: (answers: readonly PeopleAnswer[]) => latestByPerson(answers)[0],
};

/**
 * People as annotators, by files. What is to be answered stands in queue.jsonl, { id, prompt } a line; the id is a digest of
 * the prompt and of whom it is put to. Answers go into answers.jsonl, { id, completion } a line, by hand or by
 * `budgetline annotate FOLDER --add FILE`. The stage is asked again ever more rarely until all are there; meanwhile it holds
 * no worker, and workers and server may be stopped and started.
 */
export function peopleAnnotator(options: PeopleAnnotatorOptions): Annotator {
  const { name, description, several = 'last' } = options;
  return batchAnnotator({
    ...{ name, description },
    // People follow their own instructions, not the code here.
    code: undefined,
    identify: () => Promise.resolve(identityOfPeople(options, several === 'last' ? {} : { several })),
    async annotateBatch(problems, session) {
      const rows = await awaitAnswers(
        options,
        problems.map(({ prompt }) => ({ prompt })),
      );
      session.report(problems.length, problems.length);
      session.record(
        countAlike(
          distinctRows(rows).map(({ answers }) =>
            latestByPerson(answers).map(({ completion }) => completion),
          ),
        ),
      );
      return rows.map(({ answers }) => taken[several](answers)?.completion ?? '');
    },
  });
}
