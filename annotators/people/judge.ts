import { definedAt } from '../../core/code';
import { countPatterns } from '../../contracts/metrics';
import type { AnnotationSession, Comparison, Judge } from '../../contracts/task';
import { parseVerdict, type Verdict } from '../../contracts/verdict';
import { countAlike } from './agreement';
import { identityOfPeople, type PeopleOptions } from './annotator';
import { awaitAnswers, distinctRows, latestByPerson, type PeopleAnswer } from './queue';

const labelsOf = (answers: readonly PeopleAnswer[]): Verdict[] =>
  latestByPerson(answers).map(({ completion }) => parseVerdict(completion));

const words: Readonly<Record<Verdict, string>> = {
  first: '[[A]]',
  second: '[[B]]',
  tie: '[[tie]]',
  unparseable: 'unreadable',
};

const countsOf = (labels: readonly Verdict[]): number[] =>
  Object.keys(words).map((word) => labels.filter((label) => label === word).length);

/** The most frequent label; a tie where several are equally frequent. */
function majority(labels: readonly Verdict[]): string {
  const counts = countsOf(labels);
  const most = Math.max(...counts);
  const leading = Object.values(words).filter((_, index) => counts[index] === most);
  return leading.length === 1 ? (leading[0] ?? '') : words.tie;
}

interface JudgedRow extends Comparison {
  readonly id: string;
  readonly labels: readonly Verdict[];
}

/** How often several who judged the same row agree; the rows of one item are those of two orders. */
function agreementOf(judged: readonly JudgedRow[]): Parameters<AnnotationSession['record']> {
  const rows = distinctRows(judged);
  const items = new Map<string, number[][]>();
  for (const { prompt, first, second, labels } of rows) {
    const item = JSON.stringify([prompt, ...[first, second].sort()]);
    items.set(item, [...(items.get(item) ?? []), countsOf(labels)]);
  }
  const metrics = countAlike(rows.map(({ labels }) => labels));
  return [metrics, metrics.labelledAgain === 0 ? [] : countPatterns([...items.values()])];
}

/**
 * People as judges, through the files of {@link peopleAnnotator}. A row of the queue has a prompt and two answers, `first`
 * and `second`; an answer's completion is [[A]], [[B]] or [[tie]]. With several people per row the majority decides, and
 * their agreement is reported.
 */
export function peopleJudge(options: PeopleOptions): Judge {
  const { name, description } = options;
  const judge: Judge = {
    name,
    description,
    identify: () => Promise.resolve(identityOfPeople(options)),
    async compareBatch(comparisons, session) {
      const shown = comparisons.map(({ prompt, first, second }) => ({ prompt, first, second }));
      const rows = await awaitAnswers(options, shown);
      const judged = rows.map(({ id, answers }, at) => ({ ...shown[at]!, id, labels: labelsOf(answers) }));
      session.record(...agreementOf(judged));
      return judged.map(({ labels }) => majority(labels));
    },
  };
  return definedAt(judge, undefined);
}
