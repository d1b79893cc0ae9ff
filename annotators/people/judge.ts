import { definedAt } from '../../core/code';
import { countAlike, countPatterns } from '../../contracts/metrics';
import { decide } from '../../contracts/preferences';
import type { AnnotationSession, Comparison, Judge, Preference } from '../../contracts/task';
import { preferenceOf } from '../../contracts/verdict';
import { identityOfPeople, type PeopleOptions } from './annotator';
import { type Answered, awaitAnswers, distinctRows, latestByPerson, type Question } from './queue';

const words: Readonly<Record<Preference, string>> = {
  first: '[[A]]',
  second: '[[B]]',
  tie: '[[tie]]',
  refusal: '[[refusal]]',
};

/** One verdict of each person, in the order of their first answers. */
const verdictsOf = ({ answers }: Answered): Preference[] =>
  latestByPerson(answers).map(({ completion }) => preferenceOf(completion));

const countsOf = (verdicts: readonly Preference[]): number[] =>
  Object.keys(words).map((word) => verdicts.filter((verdict) => verdict === word).length);

/** The verdict of several people together. */
const together = (verdicts: readonly Preference[]): string =>
  words[decide(verdicts, { swapped: false }).winner];

interface JudgedRow extends Comparison {
  readonly id: string;
  readonly verdicts: readonly Preference[];
}

/** How often several who judged the same row agree; the rows of one item are those of two orders. */
function agreementOf(judged: readonly JudgedRow[]): Parameters<AnnotationSession['record']> {
  const rows = distinctRows(judged);
  const items = new Map<string, number[][]>();
  for (const { prompt, first, second, verdicts } of rows) {
    const item = JSON.stringify([prompt, ...[first, second].sort()]);
    items.set(item, [...(items.get(item) ?? []), countsOf(verdicts)]);
  }
  const metrics = countAlike(rows.map(({ verdicts }) => verdicts));
  return [metrics, metrics.labelledAgain === 0 ? [] : countPatterns([...items.values()])];
}

/** How many people have labelled an order of an item before this label. Every second label has the same order. */
const peopleBefore = (label: number, people: number): number => Math.floor(label / 2) * people;

function questionOf({ prompt, first, second, label }: Comparison, people: number): Question {
  const shown = { prompt, first, second };
  if (label === undefined) return { shown, wanted: 'verdict', people };
  return { shown, wanted: 'preference', people: peopleBefore(label, people) + people };
}

/**
 * People as judges, through the files of {@link peopleAnnotator}. A row of the queue has a prompt and two answers, `first`
 * and `second`; an answer's completion is [[A]], [[B]] or [[tie]], for preference labels also [[refusal]]. Several people
 * of a row decide together as the labels of an item do, and their agreement is reported. Labels of one item in the same
 * order are by different people.
 */
export function peopleJudge(options: PeopleOptions): Judge {
  const { name, description, people = 1 } = options;
  const judge: Judge = {
    name,
    description,
    identify: () => Promise.resolve(identityOfPeople(options)),
    async compareBatch(comparisons, session) {
      const rows = await awaitAnswers(
        options,
        comparisons.map((comparison) => questionOf(comparison, people)),
      );
      const judged = comparisons.map((comparison, at) => {
        const row = rows[at]!;
        return { ...comparison, id: row.id, verdicts: verdictsOf(row) };
      });
      // The stage measures the agreement of labels by item.
      const verdicts = judged.filter(({ label }) => label === undefined);
      if (verdicts.length > 0) session.record(...agreementOf(verdicts));
      return judged.map(({ label, verdicts }) => {
        if (label === undefined) return together(verdicts);
        const before = peopleBefore(label, people);
        return together(verdicts.slice(before, before + people));
      });
    },
  };
  return definedAt(judge, undefined);
}
