import { timedOut, withinTime } from '../../code/time-limit';
import { failureWords, isCoded } from '../../code/user-failure';
import { createRandom } from '../../core/random';
import type { BudgetlineError } from '../../core/failures';
import { wrongAssessment } from '../../contracts/scores';
import type { Annotator, Assessment, Finish, Problem, Task } from '../../contracts/task';
import { itemName, shortText, shownValue } from '../../contracts/text';
import { faulty } from '../faulty';
import { RunningCall } from '../running-call';
import { authorName } from './faults';
import type { ScoredAnswer, TriedAuthor, Unanswered } from './tried';

/** What is tried. */
export interface TrialSubject {
  readonly task: Task;
  /** Items that every author answers. */
  readonly items: readonly Problem[];
  /** Further items, for reference answers only. */
  readonly further: readonly Problem[];
  readonly annotators: readonly Annotator[];
  readonly poolSeed: number;
}

/** Limits of one trial, in milliseconds. */
export interface TrialLimits {
  /** No further answer is asked for after this. */
  readonly startMs: number;
  /** A call that still runs then does not end. */
  readonly endMs: number;
}

interface Author extends TriedAuthor {
  readonly answers: ScoredAnswer[];
  readonly without: Unanswered[];
  untried: number;
  failure?: Unanswered;
  readonly write: (problem: Problem) => unknown;
}

const authorOf = (annotator: string | null, write: Author['write']): Author => ({
  annotator,
  answers: [],
  without: [],
  untried: 0,
  write,
});

/** One trial. */
class Trial {
  readonly references: Author;
  readonly annotators: readonly Author[];
  readonly #startedMs = performance.now();
  readonly running: RunningCall;

  constructor(
    private readonly subject: TrialSubject,
    private readonly limits: TrialLimits,
  ) {
    const { task, annotators, poolSeed } = subject;
    this.running = new RunningCall(task.name);
    this.references = authorOf(null, (problem) => task.gold(problem));
    // Seeded as in the stage that buys demonstrations.
    this.annotators = annotators.map((each) =>
      authorOf(each.name, (problem) => each.demonstrate(problem, createRandom(poolSeed, problem.id))),
    );
  }

  run(): void {
    for (const problem of this.subject.items) {
      for (const author of [this.references, ...this.annotators]) this.#ask(author, problem);
      // A model may write anything, and nothing too.
      if (this.#hasTime()) this.#score(problem, '', 'an empty answer', 'length');
    }
    for (const problem of this.subject.further) this.#ask(this.references, problem);
  }

  #hasTime(): boolean {
    return performance.now() - this.#startedMs < this.limits.startMs;
  }

  #fault(problem: Problem, message: string, cause?: unknown): BudgetlineError {
    return faulty(this.subject.task.name, problem, message, cause);
  }

  #ask(author: Author, problem: Problem): void {
    if (author.failure !== undefined) return;
    if (!this.#hasTime()) {
      author.untried += 1;
      return;
    }
    const text = this.#write(author, problem);
    if (text === undefined) return;
    const score = this.#score(problem, text, authorName(author.annotator), 'stop');
    author.answers.push({ problem, text, score });
    this.#compare(problem, text);
  }

  /** What a judge would be shown, of a task that has judges. */
  #compare(problem: Problem, text: string): void {
    const { task } = this.subject;
    const who = `"comparison" of task ${task.name}`;
    try {
      this.running.call(`${who}, on ${itemName(problem)},`, problem, () => task.comparison?.(problem, text));
    } catch (error) {
      throw this.#fault(problem, `${who} fails on ${itemName(problem)}: ${failureWords(error)}`, error);
    }
  }

  /** The author's answer. Undefined: it has none, which is recorded. */
  #write(author: Author, problem: Problem): string | undefined {
    const { annotator } = author;
    const { name } = this.subject.task;
    const who = annotator === null ? `"gold" of task ${name}` : `Annotator ${annotator} of task ${name}`;
    const fail = (reason: string, cause?: unknown): void => {
      author.failure = { problem, reason };
      const message = `${who} fails on ${itemName(problem)}: ${reason}`;
      if (annotator === null) throw this.#fault(problem, message, cause);
    };
    let text: unknown;
    try {
      text = this.running.call(`${who}, on ${itemName(problem)},`, problem, () => author.write(problem));
    } catch (error) {
      if (isCoded(error)) author.without.push({ problem, reason: error.message });
      else fail(failureWords(error), error);
      return undefined;
    }
    if (typeof text === 'string' && text.trim() !== '') return text;
    if (typeof text === 'string') author.without.push({ problem, reason: 'The answer is empty.' });
    else fail(`it returned ${shownValue(text)} instead of a text.`);
    return undefined;
  }

  #score(problem: Problem, text: string, of: string, finish: Finish): number {
    const { task } = this.subject;
    const verifier = `The verifier of task ${task.name}`;
    const answer = `${of} to ${itemName(problem)}${text === '' ? '' : `, ${shortText(text)}`}`;
    let assessment: Assessment;
    try {
      assessment = this.running.call(`${verifier}, on ${answer},`, problem, () =>
        task.score(problem, text, finish),
      );
    } catch (error) {
      throw this.#fault(problem, `${verifier} fails on ${answer}: ${failureWords(error)}`, error);
    }
    const wrong = wrongAssessment(assessment);
    if (wrong === undefined) return assessment.score;
    throw this.#fault(problem, `${verifier} returns ${wrong.returned} for ${answer}. ${wrong.rule}`);
  }
}

/**
 * Has the task's authors answer its items, and its verifier score the answers.
 *
 * @returns the reference answers first, then the annotators
 * @throws BudgetlineError TASK_FAULTY: a call that does not end, a verifier that fails or returns no score, a failing `gold`
 */
export function tryAnswers(subject: TrialSubject, limits: TrialLimits): readonly TriedAuthor[] {
  const trial = new Trial(subject, limits);
  const stopped = withinTime(() => trial.run(), limits.endMs) === timedOut;
  const fault = stopped ? trial.running.stopped() : undefined;
  if (fault !== undefined) throw fault;
  return [trial.references, ...trial.annotators];
}
