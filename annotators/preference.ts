import { definedAt, stackOfCaller } from '../core/code';
import { callFor } from '../core/failed-item';
import { createRandom } from '../core/random';
import { BudgetlineError } from '../core/failures';
import { assertTexts } from '../contracts/answers';
import { preferences } from '../contracts/preferences';
import type {
  Judge,
  Preference,
  PreferenceAnnotator,
  PreferenceItem,
  Problem,
  Random,
} from '../contracts/task';
import { parseVerdict, preferenceOf } from '../contracts/verdict';

/** A program that labels: which of the two answers, as they are shown, is better. */
export type PreferenceProgram<P extends Problem = Problem> = (
  problem: P,
  first: string,
  second: string,
  /** Seeded by problem, answers and the label's number. */
  random: Random,
) => Preference;

export interface PreferenceAnnotatorOptions<P extends Problem = Problem> {
  /** Name in definitions (`pairs.annotator`). */
  readonly name: string;
  /** One sentence for reports: who decides, and how. */
  readonly description: string;
  /** Who labels: `endpointJudge`, `peopleJudge`, `checkpointJudge`, or a program. */
  readonly by: Judge | PreferenceProgram<P>;
}

/** @throws BudgetlineError ANNOTATOR_FAULTY */
function assertPrefers<P extends Problem>(
  { name }: Pick<PreferenceAnnotatorOptions, 'name'>,
  prefer: (item: PreferenceItem<P>) => Preference,
  item: PreferenceItem<P>,
): Preference {
  const { problem } = item;
  const preference: unknown = callFor(problem.id, () => prefer(item));
  if (preferences.has(preference)) return preference as Preference;
  throw new BudgetlineError(
    'ANNOTATOR_FAULTY',
    `${name} returned ${String(preference)} for problem ${problem.id}.`,
    {
      remedy: 'Return "first", "second", "tie" or "refusal".',
      details: { annotator: name, item: problem.id },
    },
  );
}

/** A judge whose verdicts are labels. Unreadable ones are refusals, and are counted. */
const byJudge = (judge: Judge): Pick<PreferenceAnnotator, 'identify' | 'preferBatch'> => ({
  identify: judge.identify?.bind(judge, 'label'),
  async preferBatch(items, session) {
    const asking = { name: judge.name, items: items.map(({ problem }) => problem.id) };
    const verdicts = assertTexts(await judge.compareBatch(items, session), asking);
    const unreadable = verdicts.filter((text) => parseVerdict(text) === 'unparseable');
    session.record({ labelUnreadable: unreadable.length });
    return verdicts.map(preferenceOf);
  },
});

function byProgram<P extends Problem>(
  options: PreferenceAnnotatorOptions<P>,
  program: PreferenceProgram<P>,
): Pick<PreferenceAnnotator<P>, 'prefer' | 'preferBatch'> {
  const prefer = ({ problem, first, second, label }: PreferenceItem<P>): Preference =>
    program(problem, first, second, createRandom(problem.id, first, second, label));
  return {
    prefer,
    preferBatch: (items, session) =>
      new Promise((resolve) => {
        const labels = items.map((item) => assertPrefers(options, prefer, item));
        session.report(items.length, items.length);
        resolve(labels);
      }),
  };
}

/**
 * A preference annotator: for pairs of sampled answers, it labels which one is better. A judge brings its journal, spend
 * limit and resume.
 */
export function preferenceAnnotator<P extends Problem = Problem>(
  options: PreferenceAnnotatorOptions<P>,
): PreferenceAnnotator<P> {
  const { name, description, by } = options;
  const own = { stack: stackOfCaller(), call: 'preferenceAnnotator', only: ['by'] };
  const labels = typeof by === 'function' ? byProgram(options, by) : byJudge(by);
  const annotator: PreferenceAnnotator<P> = { name, description, ...labels };
  return definedAt(annotator, 'code' in by ? by.code : own);
}
