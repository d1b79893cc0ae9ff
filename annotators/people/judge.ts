import { createHash } from 'node:crypto';
import type { Comparison, Judge } from '../../contracts/task';
import type { PeopleOptions } from './annotator';
import { awaitAnswers, type PeopleAnswer } from './queue';

/** The same comparison is the same row, whichever stage asks. */
function idOf(comparison: Comparison): string {
  const { prompt, first, second } = comparison;
  return createHash('sha256')
    .update(JSON.stringify([prompt, first, second]))
    .digest('hex')
    .slice(0, 24);
}

/** One label a person: whoever answers again corrects what was said before. */
function labelsOf(answers: readonly PeopleAnswer[]): string[] {
  return [...new Map(answers.map(({ by = '', completion }) => [by, completion.trim()])).values()];
}

/** The label that most gave; a tie where several are as frequent. */
function majority(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const first = [...counts].filter(([, count]) => count === most).map(([label]) => label);
  return first.length === 1 ? (first[0] ?? '') : '[[tie]]';
}

/** Pairs of labels of one row, and how many of them are alike: what agreement between annotators is. */
function agreementOf(rows: readonly (readonly string[])[]) {
  const pairs = rows.flatMap((labels) =>
    labels.flatMap((label, at) => labels.slice(at + 1).map((other) => label === other)),
  );
  return { labelledAgain: pairs.length, labelledAlike: pairs.filter(Boolean).length };
}

/**
 * People as judges, by the files of {@link peopleAnnotator}: a row of the queue shows a prompt and two answers, "first" and
 * "second"; an answer's completion is [[A]], [[B]] or [[tie]]. Where several judge the same row, their majority counts and
 * how often they agree is told.
 */
export function peopleJudge(options: PeopleOptions): Judge {
  const { name, description, version = 1 } = options;
  return {
    ...{ name, description },
    identify: () => Promise.resolve({ kind: 'people', version }),
    async compareAll(comparisons, session) {
      const rows = comparisons.map((comparison) => ({ id: idOf(comparison), ...comparison }));
      const labels = (await awaitAnswers(options, rows)).map(labelsOf);
      session.tell(agreementOf(labels));
      return labels.map(majority);
    },
  };
}
