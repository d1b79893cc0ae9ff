import { BudgetlineError } from '../../core/failures';
import { addMetrics, type Metrics } from '../../contracts/metrics';
import { decide, measureLabels, preferences, type Votes } from '../../contracts/preferences';
import { assess } from '../task-calls';
import { shortText } from '../../contracts/text';
import type { Preference, PreferenceAnnotator, PreferenceItem, Problem, Task } from '../../contracts/task';
import type { GenerationRow, PreferenceRow } from '../../schemas/rows';
import type { LabelledPairsSpec } from '../../stages';
import { annotate, billOf } from '../annotation';
import { assertTexts } from '../../contracts/answers';
import type { StageOutput, StageSession } from '../session';
import { assertIdentified, findPreferenceAnnotator } from '../task-data';
import { collectSamples } from './collect-samples';
import { LabelMoney } from './label-money';
import { pairOf } from './pair';
import type { FilterResult, Sampled, SampleFilter } from './sample-collector';

/** Two samples that are shown, in the order in which they were sampled. */
interface Shown {
  readonly problem: Problem;
  readonly first: GenerationRow;
  readonly second: GenerationRow;
}

/** The first two different samples of a prompt that are not empty; none if there are fewer. */
function shownOf({ problem, samples }: Sampled): Shown[] {
  const [first, ...others] = samples.filter(({ completion }) => completion !== '');
  const second = others.find(({ completion }) => completion !== first?.completion);
  return first === undefined || second === undefined ? [] : [{ problem, first, second }];
}

/** One item per label. Odd labels see the answers swapped, against position bias. */
function itemsOf(
  { problem, first: { completion: one }, second: { completion: other } }: Shown,
  labels: number,
) {
  const { prompt } = problem;
  return Array.from({ length: labels }, (_, label): PreferenceItem => {
    const [first, second] = label % 2 === 0 ? [one, other] : [other, one];
    return { problem, prompt, first, second, label };
  });
}

/** Two samples of a prompt with their labels, and the answer that these prefer. */
interface Labelled extends Shown {
  readonly votes: Votes;
  readonly winner: Preference;
}

const sides = ({ first, second, winner }: Labelled) =>
  winner === 'first' ? { chosen: first, rejected: second } : { chosen: second, rejected: first };

/** Buys labels of samples. Their majority decides. */
class LabelledPairs implements SampleFilter<PreferenceRow> {
  readonly name = 'labelled pairs';
  readonly file = 'pairs.jsonl';
  readonly reasons = ['too-few-candidates', 'tie', 'refusal'] as const;
  /** The verifier decides nothing. */
  readonly isScored = false;
  readonly #labelled = new Map<string, Labelled>();
  #recorded: Metrics = {};

  constructor(
    private readonly session: StageSession,
    private readonly task: Task,
    private readonly annotator: PreferenceAnnotator,
    /** Labels of one item. */
    private readonly labels: number,
    private readonly money: LabelMoney,
  ) {}

  usdWith(prompts: number): number {
    return this.money.usdOf((this.#labelled.size + prompts) * this.labels);
  }

  async prepare(prompts: readonly Sampled[], samples: number): Promise<void> {
    const shown = prompts.flatMap(shownOf);
    if (shown.length === 0) return;
    const items = shown.flatMap((each) => itemsOf(each, this.labels));
    const votes = await this.#ask(items, samples);
    await this.money.buy(this.#labelled.size * this.labels + votes.length);
    shown.forEach((each, at) => {
      const own = votes.slice(at * this.labels, (at + 1) * this.labels);
      const { winner } = decide(own, { swapped: true });
      this.#labelled.set(each.problem.id, { ...each, votes: own, winner });
    });
  }

  select({ problem }: Sampled): FilterResult<PreferenceRow> {
    const labelled = this.#labelled.get(problem.id);
    if (labelled === undefined) return { skipped: 'too-few-candidates' };
    const { winner } = labelled;
    if (winner === 'tie' || winner === 'refusal') return { skipped: winner };
    const { chosen, rejected } = sides(labelled);
    return { row: pairOf(problem, chosen.completion, rejected.completion) };
  }

  async measured() {
    const { metrics, labels } = measureLabels([...this.#labelled.values()].map(({ votes }) => votes));
    const bill = await billOf(this.session);
    return { metrics: { ...bill, ...this.#recorded, ...metrics, ...this.#noise() }, labels };
  }

  async #ask(items: readonly PreferenceItem[], samples: number): Promise<Votes> {
    const { annotator, session } = this;
    const { usage, stage } = session;
    const asking = { name: annotator.name, items: items.map(({ problem }) => problem.id) };
    const besidesUsd = Math.max(0, samples - usage.earlierUnscored) * stage.rows!.sampleUsd;
    const { result, recorded } = await annotate(session, { ...asking, besidesUsd }, (annotation) =>
      annotator.preferBatch(items, annotation),
    );
    // Of calls whose answers were lost, each batch records the stage's total.
    const { unknownCalls: found, ...counts } = recorded.metrics;
    const { unknownCalls: known, ...before } = this.#recorded;
    const unknownCalls = found ?? known;
    const lost: Metrics = unknownCalls === undefined ? {} : { unknownCalls };
    this.#recorded = { ...addMetrics([before, counts]), ...lost };
    const labels = assertTexts(result, asking);
    const wrong = labels.findIndex((label) => !preferences.has(label));
    if (wrong < 0) return labels as Votes;
    const item = asking.items[wrong] ?? '';
    throw new BudgetlineError(
      'ANNOTATOR_FAULTY',
      `${annotator.name} returned the label ${shortText(labels[wrong] ?? '')} for ${item}.`,
      {
        remedy: 'Return "first", "second", "tie" or "refusal".',
        details: { annotator: annotator.name, item },
      },
    );
  }

  /** Pairs whose chosen answer the verifier scores lower. Left out where its calls have a price. */
  #noise(): Metrics {
    if (this.session.request.prices.verifierCall > 0) return {};
    const decided = [...this.#labelled.values()].filter(
      ({ winner }) => winner === 'first' || winner === 'second',
    );
    const scores = decided.map((labelled) => {
      const { chosen, rejected } = sides(labelled);
      const { problem } = labelled;
      const score = ({ completion, finish }: GenerationRow) =>
        assess(this.task, { problem, completion, finish }).score;
      return { chosen: score(chosen), rejected: score(rejected) };
    });
    const lower = scores.filter(({ chosen, rejected }) => chosen < rejected);
    return { checked: decided.length, verifierMismatches: lower.length };
  }
}

/** Makes preference pairs from the frozen reference's own samples, by the labels of a preference annotator. */
export function synthesizeLabelledPairs(
  session: StageSession,
  spec: LabelledPairsSpec,
): Promise<StageOutput> {
  return collectSamples(session, spec, async (task) => {
    const annotator = findPreferenceAnnotator(task, spec.annotator);
    const code = spec.code?.preferenceAnnotator;
    await assertIdentified(annotator, { digest: spec.annotatorDigest, code });
    return new LabelledPairs(session, task, annotator, spec.pairs.labels, await LabelMoney.open(session));
  });
}
