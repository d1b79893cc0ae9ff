import { lossFacts } from '../../../losses/facts';
import { createHash } from 'node:crypto';
import { priceRatioOf, stageKinds, type StageKind } from '../../../stages';
import { analyzeSweep } from '../../../analysis';
import type { AuxiliaryAnalysis } from '../../../contracts/analysis/auxiliary';
import { baseItemsKey } from '../../../contracts/analysis/sweep';
import { sweepDefinition, type SweepDefinition } from '../../../schemas/definition';
import type {
  CellResult,
  ControlResult,
  EvaluationSummary,
  FailureReason,
  SweepResult,
} from '../../../contracts/results';
import type { ItemResult } from '../../../schemas/rows';
import type { StageMetrics } from '../../../contracts/metrics';
import type { StageResult } from '../../../contracts/stage';
import { planEvidence, type ReportInput } from '../../../report';

/** Rates of one model, from which its test items are drawn. */
interface Behaviour {
  readonly score: number;
  readonly wellFormed: number;
  readonly truncated: number;
}

/** Scores of the first exploration of the embedded task, by budget and fraction. */
const scores: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  64: { '1': 0.22, '0.5': 0.12, '0.1': 0.18, '0': 0.21 },
  256: { '1': 0.47, '0.5': 0.42, '0.1': 0.14, '0': 0.23 },
  1024: { '1': 0.48, '0.5': 0.97, '0.1': 0.93, '0': 0.22 },
};

/** Scores of warm starts, by budget: pairs hurt or add nothing at small budgets, and help at the large one. */
const warmScores: Readonly<Record<number, number>> = { 64: 0.16, 256: 0.42, 1024: 0.48 };

export const hostile = '<script>document.title="stolen"</script><img src=x onerror="document.title=1">';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A number in [0, 1) from text: the fixture is the same on every machine. */
function draw(text: string): number {
  return Number.parseInt(digestOf(text).slice(0, 12), 16) / 2 ** 48;
}

function itemOf(model: string, index: number, behaviour: Behaviour): ItemResult {
  const happens = (what: string, rate: number): boolean =>
    draw(`${model}/${index.toString()}/${what}`) < rate;
  const truncated = happens('rambles', behaviour.truncated);
  const right = happens('right', behaviour.score);
  const answer = right ? ' 17-11=6; 6+4=10 #### 10' : ' 17-11=5; 5+4=9 #### 9';
  return {
    id: `test-${index.toString().padStart(4, '0')}`,
    prompt: `Q: Gus ${index.toString()} has 17 eggs. Then eats 11 of them. Then finds 4 more. How many?\nA:`,
    completion:
      index === 1 ? hostile : truncated ? `${answer}\nQ: Ann has 3 figs.\nA: 3\nQ: Ann has` : answer,
    score: right ? 1 : 0,
    wellFormed: happens('wellFormed', behaviour.wellFormed),
    truncated,
    tokens: truncated ? 64 : 24 + (index % 7),
    finish: truncated ? 'length' : 'stop',
    repetition: truncated ? 0.3 : 0.02,
    scores: {},
    target: '10',
  };
}

function summaryOf(name: string, items: readonly ItemResult[]): EvaluationSummary {
  const mean = (pick: (item: ItemResult) => number): number =>
    items.reduce((sum, item) => sum + pick(item), 0) / items.length;
  return {
    key: digestOf(`${name}/key`),
    digest: digestOf(`${name}/digest`),
    metric: 'instructions kept',
    items: items.length,
    score: mean(({ score }) => score),
    wellFormedRate: mean(({ wellFormed }) => Number(wellFormed)),
    truncatedRate: mean(({ truncated }) => Number(truncated)),
    noEosRate: mean(({ finish }) => Number(finish === 'length')),
    meanTokens: mean(({ tokens }) => tokens),
    repetitionRate: mean(({ repetition }) => repetition),
    scores: {},
  };
}

function stageOf(kind: StageKind, title: string, measured: StageMetrics = { metrics: {} }): StageResult {
  const cost = { wallMs: 4200, deviceMs: 4000, cpuMs: 3900, tokens: 51_000, attempts: 1, verifierCalls: 0 };
  const key = digestOf(`${kind}/${title}`);
  return {
    key,
    kind,
    makes: stageKinds[kind].makes,
    title,
    digest: digestOf(key),
    cached: false,
    ledgerHead: digestOf(title),
    ...measured,
    cost,
    usd: 0,
  };
}

/** Two epochs in batches of eight. */
const stepsOn = (rows: number): StageMetrics => ({ metrics: { rows, steps: 2 * Math.ceil(rows / 8) } });

const pairMetrics = (rows: number): StageMetrics => ({
  metrics: { rows, promptsScanned: rows * 4, samples: rows * 16, verifierCalls: rows * 16, yield: 0.25 },
  skipped: { 'below-margin': rows, 'below-threshold': 2 * rows, 'all-empty': 0 },
});

function definitionOf(budgets: number[], sftFractions: number[], items: number): SweepDefinition {
  const lora = { rank: 16, alpha: 16 };
  const training = { epochs: 2, batchSize: 8, lora, maxLength: 96 };
  return sweepDefinition.parse({
    name: 'first-sweep',
    task: 'grade-school-math',
    data: { source: 'synthetic' },
    annotator: 'majority-error',
    sft: { ...training, learningRate: 5e-3 },
    preference: { ...training, learningRate: 3e-4, loss: { name: 'sigmoid', beta: 0.5 } },
    pairs: { maxNewTokens: 48 },
    evaluation: { items, maxNewTokens: 64 },
    prices: { sftExample: 0.02, preferencePair: 0.01, verifierCall: 0.0001 },
    budgets,
    sftFractions,
  });
}

function behaviourOf(budget: number, fraction: number): Behaviour {
  const warm = { score: scores[budget]?.[String(fraction)] ?? 0.4, wellFormed: 0.97, truncated: 0.02 };
  return fraction === 0 ? { ...warm, wellFormed: 0.01, truncated: 0.54 } : warm;
}

/** An auxiliary task whose score fell significantly. */
export const auxiliaryFixture: AuxiliaryAnalysis = {
  name: 'an-evaluation-of-another-task',
  metric: 'win rate',
  items: 300,
  reading: 'It falls.',
  base: { estimate: 0.4, low: 0.35, high: 0.45 },
  cells: [
    {
      budget: 64,
      sftFraction: 1,
      sftRows: 64,
      pairRows: 0,
      effect: 'hurts',
      score: { estimate: 0.25, low: 0.2, high: 0.3 },
      difference: { estimate: -0.15, low: -0.2, high: -0.1 },
    },
  ],
};

interface Shape {
  budgets?: number[];
  fractions?: number[];
  items?: number;
  /** Cells that failed; without any, every cell of the grid finished. */
  failedCells?: SweepResult['failedCells'];
  failedControls?: SweepResult['failedControls'];
  /** Why the base model has no evaluation; Default: it has one. */
  baseFailure?: FailureReason;
}

/** A finished sweep of the given shape: results, items, training curves. */
export function sweepFixture(shape: Shape = {}): ReportInput {
  const {
    budgets = [64, 256, 1024],
    fractions = [1, 0.5, 0.1, 0],
    items: count = 400,
    failedCells = [],
  } = shape;
  const { baseFailure } = shape;
  const definition = definitionOf(budgets, fractions, count);
  const items = new Map<string, ItemResult[]>();
  const evaluate = (key: string, behaviour: Behaviour): EvaluationSummary => {
    const rows = Array.from({ length: count }, (_, index) => itemOf(key, index, behaviour));
    items.set(key, rows);
    return summaryOf(key, rows);
  };
  const base =
    baseFailure === undefined
      ? { base: evaluate(baseItemsKey, { score: 0.225, wellFormed: 0.01, truncated: 0.3 }) }
      : { base: null, baseFailure };
  const cells = budgets
    .flatMap((budget) => fractions.map((fraction) => cellOf({ budget, fraction, definition, evaluate })))
    .filter(({ cell }) => !failedCells.some((failedCell) => failedCell.cell.id === cell.id));
  const result: SweepResult = {
    sweepId: 'sweep-first-sweep-1f2e3d4c',
    definitionDigest: digestOf('definition'),
    ...base,
    baseStages: [stageOf('evaluate', 'Base model')],
    cells,
    failedCells,
    controls: controlsOf(cells, evaluate),
    failedControls: shape.failedControls ?? [],
    tests: [],
    ledgerHead: digestOf('ledger'),
    cost: {
      wallMs: 184_000,
      deviceMs: 160_000,
      cpuMs: 170_000,
      tokens: 2_400_000,
      attempts: 31,
      verifierCalls: 9000,
    },
  };
  return inputOf({ definition, result, items });
}

function cellOf(options: {
  budget: number;
  fraction: number;
  definition: SweepDefinition;
  evaluate: (key: string, behaviour: Behaviour) => EvaluationSummary;
}): CellResult {
  const { budget, fraction, definition, evaluate } = options;
  const id = `b${budget.toString()}-r${fraction.toString()}-s0`;
  const sftRows = Math.ceil(budget * fraction);
  const pairRows = budget - sftRows;
  const { task, model, annotator, prices } = definition;
  const stages = [
    ...(sftRows === 0
      ? []
      : [stageOf('trainSft', `SFT on ${sftRows.toString()} demonstrations`, stepsOn(sftRows))]),
    ...(pairRows === 0 ? [] : [stageOf('synthesizeData', `Pairs of ${id}`, pairMetrics(pairRows))]),
    ...(pairRows === 0
      ? []
      : [stageOf('trainPreference', `Tuning on ${pairRows.toString()} pairs of ${id}`, stepsOn(pairRows))]),
    stageOf('evaluate', `Evaluation of ${id}`),
  ];
  return {
    cell: { id, task, model, annotator, budget, sftFraction: fraction, seed: 0, sftRows, pairRows },
    evaluation: evaluate(id, behaviourOf(budget, fraction)),
    stages,
    annotationUsd: sftRows * prices.sftExample + pairRows * prices.preferencePair,
  };
}

/** The warm start of every mixture, and SFT on the chosen answers of the one that wins at the largest budget. */
function controlsOf(
  cells: readonly CellResult[],
  evaluate: (key: string, behaviour: Behaviour) => EvaluationSummary,
): SweepResult['controls'] {
  const mixtures = cells.filter(({ cell }) => cell.sftRows > 0 && cell.pairRows > 0);
  const control = (cell: CellResult, kind: ControlResult['kind'], score: number): ControlResult => {
    const of = cell.cell.id;
    const evaluation = evaluate(`${of}/${kind}`, { score, wellFormed: 0.98, truncated: 0.01 });
    const stages = kind === 'warm-start' ? [] : [stageOf('trainSft', 'SFT on chosen', stepsOn(512))];
    return { kind, of, evaluation, annotationUsd: cell.annotationUsd, stages };
  };
  const winner = mixtures.find(({ cell }) => cell.budget === 1024 && cell.sftFraction === 0.5);
  return [
    ...mixtures.map((cell) => control(cell, 'warm-start', warmScores[cell.cell.budget] ?? 0.4)),
    ...(winner === undefined ? [] : [control(winner, 'sft-on-chosen', 0.98)]),
  ];
}

function inputOf(options: {
  definition: SweepDefinition;
  result: SweepResult;
  items: Map<string, ItemResult[]>;
}): ReportInput {
  const { definition, result, items } = options;
  const analysis = analyzeSweep({ result, items, definition, priceRatio: priceRatioOf(definition) });
  const plan = planEvidence(result, analysis);
  return {
    definition,
    result,
    analysis,
    loss: lossFacts(definition.preference.loss, undefined),
    annotatorDescription: `Misreads doubles & triples on 70% of the problems that have one. ${hostile}`,
    places: [],
    training: plan.training.map((stage) => ({
      ...stage,
      rows: curve(stage.name, stage.learnsFrom === 'demonstrations'),
    })),
    answers: plan.answers.map(({ name, itemsKey }) => ({ name, items: items.get(itemsKey) ?? [] })),
    run: {
      workflowId: result.sweepId,
      temporalUi: 'http://127.0.0.1:8233/namespaces/default/workflows/sweep-first-sweep-1f2e3d4c',
      elapsedMs: 184_000,
      serverMs: 3_100,
      packageVersion: '0.1.0',
      modelDigest: digestOf('model'),
    },
  };
}

function curve(name: string, sft: boolean): ReportInput['training'][number]['rows'] {
  return Array.from({ length: 128 }, (_, step): ReportInput['training'][number]['rows'][number] => {
    const noise = draw(`${name}/${step.toString()}`) - 0.5;
    const decay = Math.exp(-step / 30);
    if (sft) return { step, values: { loss: 0.15 + 1.6 * decay + 0.1 * noise } };
    const margin = 4 * (1 - decay) + noise * (1 - decay);
    return {
      step,
      values: {
        loss: Math.log1p(Math.exp(-margin)),
        'rewards/margins': margin,
        'rewards/chosen': -0.8 * (1 - decay) + 0.2 * noise * (1 - decay),
      },
    };
  });
}
