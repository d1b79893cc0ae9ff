import { timedOut, withinTime } from '../../code/time-limit';
import { failureWords } from '../../code/user-failure';
import { decide, preferences, type Votes } from '../../contracts/preferences';
import type { Preference, PreferenceAnnotator, PreferenceItem } from '../../contracts/task';
import { itemName, shownValue } from '../../contracts/text';
import type { TrialLimits } from './answers';
import { RunningCall } from '../running-call';
import type { ScoredAnswer, TriedLabels, Unanswered } from './tried';

/** What preference annotators are tried on. */
export interface LabelSubject {
  readonly task: string;
  /** Reference answers. Each is shown with another item's. */
  readonly references: readonly ScoredAnswer[];
  readonly annotators: readonly PreferenceAnnotator[];
}

const triedPairs = 10;

/** Both orders of a pair, as the stage that buys labels shows them. The reference answer is the pair's first. */
type Pair = readonly [PreferenceItem, PreferenceItem];

function pairsOf(references: readonly ScoredAnswer[]): Pair[] {
  return references.slice(0, triedPairs).flatMap(({ problem, text }): Pair[] => {
    const other = references.find((each) => each.text !== text)?.text;
    if (other === undefined) return [];
    const { prompt } = problem;
    return [
      [
        { problem, prompt, first: text, second: other, label: 0 },
        { problem, prompt, first: other, second: text, label: 1 },
      ],
    ];
  });
}

const words = (name: string, task: string): string => `Preference annotator ${name} of task ${task}`;

class LabelTrial {
  readonly running: RunningCall;
  readonly #startedMs = performance.now();

  constructor(
    private readonly subject: LabelSubject,
    private readonly limits: TrialLimits,
  ) {
    this.running = new RunningCall(subject.task);
  }

  run(): TriedLabels[] {
    const pairs = pairsOf(this.subject.references);
    return this.subject.annotators.map((annotator) => this.#try(annotator, pairs));
  }

  #try(annotator: PreferenceAnnotator, pairs: readonly Pair[]): TriedLabels {
    const { name } = annotator;
    let [labelled, preferred] = [0, 0];
    for (const pair of pairs) {
      if (performance.now() - this.#startedMs >= this.limits.startMs) break;
      const votes: Preference[] = [];
      for (const item of pair) {
        const label = this.#label(annotator, item);
        if (typeof label !== 'string') return { annotator: name, pairs: labelled, preferred, failure: label };
        votes.push(label);
      }
      labelled += 1;
      if (prefersReference(votes)) preferred += 1;
    }
    return { annotator: name, pairs: labelled, preferred };
  }

  #label(annotator: PreferenceAnnotator, item: PreferenceItem): Preference | Unanswered {
    const { problem } = item;
    const what = `${words(annotator.name, this.subject.task)}, on ${itemName(problem)},`;
    try {
      const label: unknown = this.running.call(what, problem, () => annotator.prefer?.(item));
      if (preferences.has(label)) return label as Preference;
      return {
        problem,
        reason: `it returned ${shownValue(label)} instead of "first", "second", "tie" or "refusal".`,
      };
    } catch (error) {
      return { problem, reason: failureWords(error) };
    }
  }
}

const prefersReference = (votes: Votes): boolean => decide(votes, { swapped: true }).winner === 'first';

/**
 * Has preference annotators that are programs label a few pairs, each in both orders.
 *
 * @throws BudgetlineError TASK_FAULTY: a call that does not end
 */
export function tryLabels(subject: LabelSubject, limits: TrialLimits): readonly TriedLabels[] {
  const trial = new LabelTrial(subject, limits);
  const tried = withinTime(() => trial.run(), limits.endMs);
  if (tried !== timedOut) return tried;
  const stopped = trial.running.stopped();
  if (stopped !== undefined) throw stopped;
  return [];
}
