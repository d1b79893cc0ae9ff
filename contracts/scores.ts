import { isRecord } from '../core/is-record';
import { shownValue } from './text';

/** What a verifier returns, and what it must return. */
export interface WrongAssessment {
  readonly returned: string;
  readonly rule: string;
}

function wrongFlag(flags: Readonly<Record<string, unknown>>): WrongAssessment | undefined {
  const wrong = Object.entries(flags).find(([, value]) => typeof value !== 'boolean');
  return wrong && { returned: `${wrong[0]} ${shownValue(wrong[1])}`, rule: `${wrong[0]} is true or false.` };
}

/** The first of numbers by name that is not finite. */
export function wrongMetric(metrics: unknown): WrongAssessment | undefined {
  if (!isRecord(metrics))
    return { returned: `metrics ${shownValue(metrics)}`, rule: 'Metrics are numbers by name.' };
  const wrong = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  return (
    wrong && {
      returned: `${shownValue(wrong[1])} as the metric ${wrong[0]}`,
      rule: 'A metric is a finite number.',
    }
  );
}

/**
 * What is wrong with a verifier's result; undefined: nothing. Scores are from 0 to 1, and all other numbers are finite:
 * nothing is clamped.
 */
export function wrongAssessment(result: unknown): WrongAssessment | undefined {
  if (result instanceof Promise) result.catch(() => undefined);
  if (!isRecord(result) || result instanceof Promise)
    return { returned: shownValue(result), rule: 'It must return { score }, not a promise.' };
  const { score, scores = {}, wellFormed = true, truncated = false, repetition = 0 } = result;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1))
    return { returned: `the score ${shownValue(score)}`, rule: 'A score is a number from 0 to 1.' };
  return wrongFlag({ wellFormed, truncated }) ?? wrongMetric({ repetition }) ?? wrongMetric(scores);
}
