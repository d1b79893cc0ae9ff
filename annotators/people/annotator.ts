import { countAlike } from '../../contracts/metrics';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import type { Annotator } from '../../contracts/task';
import { batchAnnotator } from '../batch';
import { awaitAnswers, distinctRows, latestByPerson, type PeopleAnswer } from './queue';

export interface PeopleOptions {
  /** Name in definitions (`annotator` or `judge`). */
  readonly name: string;
  /** One sentence for reports: who they are, and their instructions. */
  readonly description: string;
  /** Folder of queue.jsonl (written here) and answers.jsonl (written by people), for all their work. */
  readonly folder: string;
  /** Raise it when the instructions or the people change. Default: 1. */
  readonly version?: number;
  /** Number of different people who must answer each row. Default: 1. */
  readonly people?: number;
}

/** Enters keys: version, number of people and further settings; defaults are left out. */
export function identityOfPeople(
  { version = 1, people = 1 }: PeopleOptions,
  further: Readonly<Record<string, unknown>> = {},
): AnnotatorIdentity {
  const settings = { ...(people === 1 ? {} : { people }), ...further };
  return { kind: 'people', version, ...(Object.keys(settings).length === 0 ? {} : { settings }) };
}

export interface PeopleAnnotatorOptions extends PeopleOptions {
  /**
   * Which demonstration to use where several people answer the same row: the 'last' answer, or the latest answer of the
   * person who was 'first'. Default: 'last'.
   */
  readonly several?: 'last' | 'first';
}

const taken = {
  last: (answers: readonly PeopleAnswer[]) => answers.at(-1),
  first: (answers: readonly PeopleAnswer[]) => latestByPerson(answers)[0],
};

/**
 * People as annotators, through files. queue.jsonl has the open rows, { id, prompt } a line. People write answers into
 * answers.jsonl, { id, completion } a line, by hand or with `budgetline annotate FOLDER --add FILE`. The stage retries with
 * growing intervals until all rows have answers. Meanwhile it occupies no worker, and workers and server may restart.
 */
export function peopleAnnotator(options: PeopleAnnotatorOptions): Annotator {
  const { name, description, several = 'last' } = options;
  return batchAnnotator({
    name,
    description,
    // People follow their own instructions, not the code here.
    code: undefined,
    identify: () => Promise.resolve(identityOfPeople(options, several === 'last' ? {} : { several })),
    async annotateBatch(problems, session) {
      const rows = await awaitAnswers(
        options,
        problems.map(({ prompt }) => ({
          shown: { prompt },
          wanted: 'demonstration',
          people: options.people,
        })),
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
