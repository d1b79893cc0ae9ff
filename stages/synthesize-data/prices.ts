import type { PriceRatio } from '../../contracts/analysis/money';
import type { PlannedLabels, PlannedRows } from '../../contracts/stage';
import type { PairSpec, SweepDefinition } from '../../schemas/definition';
import { expectedPairYield } from '../rates';

/** A part of the list price of one row. */
export interface PricePart {
  /** For people: "a prompt and the verifier's decision". */
  readonly what: string;
  readonly count: number;
  /** US dollars for each. */
  readonly usd: number;
}

/** The list price of one row, by parts. */
export interface RowPrice {
  /** Bought with each row. */
  readonly parts: readonly PricePart[];
  /** Expected labels for one row, those of items without a preference too; null: none. */
  readonly labels: PricePart | null;
  /** Expected samples for one row, each with its verifier call if it has one; null: nothing is sampled. */
  readonly samples: PricePart | null;
}

type Priced = Pick<SweepDefinition, 'prices' | 'pairs' | 'annotator' | 'annotations'>;

const fileName = (path: string): string => path.split(/[\\/]/).at(-1)!;

const fileRow = (file: string, usd: number): RowPrice => ({
  parts: [{ what: `a row of ${fileName(file)}`, count: 1, usd }],
  labels: null,
  samples: null,
});

/** A demonstration of a definition. */
export function demonstrationPrice({ prices, annotator, annotations }: Priced): RowPrice {
  const usd = prices.sftExample;
  if (annotations?.demonstrations !== undefined) return fileRow(annotations.demonstrations.file, usd);
  return {
    parts: [{ what: `a problem with the answer of annotator ${annotator}`, count: 1, usd }],
    labels: null,
    samples: null,
  };
}

/** A prompt may yield no row. */
const promptsPerRow = 1 / expectedPairYield;

/** "2 labels for each of about 2.5 prompts". */
const forEachPrompt = (what: string): string =>
  `${what} for each of about ${Number(promptsPerRow.toFixed(2))} prompts`;

/** The samples for one row. */
function samplesPrice(
  { prices }: Priced,
  { candidates, annotator }: Pick<PairSpec, 'candidates' | 'annotator'>,
): PricePart {
  return {
    what: forEachPrompt(candidates === 1 ? '1 sample' : `${candidates} samples`),
    count: candidates * promptsPerRow,
    usd: prices.sample + (annotator === undefined ? prices.verifierCall : 0),
  };
}

/** The labels for one row. Ties and refusals cost as much as preferences. */
function labelsPrice({ prices }: Priced, { annotator, labels }: PairSpec): PricePart | null {
  if (annotator === undefined) return null;
  return {
    what: forEachPrompt(`${labels === 1 ? '1 label' : `${labels} labels`} of annotator ${annotator}`),
    count: labels * promptsPerRow,
    usd: prices.preferenceLabel ?? prices.preferencePair,
  };
}

/** Whether a pair contains a reference answer, which costs a demonstration. */
const isGold = ({ annotations }: Priced, { chosen }: PairSpec): boolean =>
  annotations?.preferences === undefined && chosen === 'gold';

/**
 * A pair of a definition.
 *
 * @param pairs settings of a call in place of the definition's
 */
export function pairPrice(definition: Priced, pairs: PairSpec = definition.pairs): RowPrice {
  const { prices, annotations } = definition;
  if (annotations?.preferences !== undefined)
    return fileRow(annotations.preferences.file, prices.preferencePair);
  const labels = labelsPrice(definition, pairs);
  const decision = { what: "a prompt and the verifier's decision", count: 1, usd: prices.preferencePair };
  const gold = {
    what: 'the chosen answer is the reference answer, which costs a demonstration',
    count: 1,
    usd: prices.sftExample,
  };
  return {
    parts: [...(labels === null ? [decision] : []), ...(isGold(definition, pairs) ? [gold] : [])],
    labels,
    samples: samplesPrice(definition, pairs),
  };
}

/** A correct sample as a demonstration. It costs its samples only. */
export const rejectionSamplePrice = (definition: Priced, { candidates }: PairSpec): RowPrice => ({
  parts: [],
  labels: null,
  samples: samplesPrice(definition, { candidates }),
});

/** US dollars for a part. */
export const partUsd = ({ count, usd }: PricePart): number => count * usd;

/** All parts of a row: its labels and samples last. */
export const partsOf = ({ parts, labels, samples }: RowPrice): readonly PricePart[] =>
  [...parts, labels, samples].filter((part) => part !== null);

const sumOf = (parts: readonly PricePart[]): number => parts.reduce((sum, part) => sum + partUsd(part), 0);

/** US dollars for one row: the sum of its parts. */
export const rowUsd = (price: RowPrice): number => sumOf(partsOf(price));

/** The price of a demonstration in pairs; undefined: one of them costs nothing. */
export function priceRatioOf(definition: Priced): PriceRatio | undefined {
  const [sft, pair] = [rowUsd(demonstrationPrice(definition)), rowUsd(pairPrice(definition))];
  if (sft === 0 || pair === 0) return undefined;
  return { own: sft / pair, most: isGold(definition, definition.pairs) ? 1 : undefined };
}

/** How a stage's rows are labelled. */
type Labelling = Pick<PlannedLabels, 'perItem' | 'billed'>;

/** The prices of a stage's rows. */
export function pricedRows(
  { parts, labels, samples }: RowPrice,
  count: number,
  labelling?: Labelling,
): Pick<PlannedRows, 'usd' | 'sampleUsd' | 'verifierCalls' | 'unscored' | 'labels'> {
  const sampled = count * (samples?.count ?? 0);
  const priced = { usd: sumOf(parts), sampleUsd: samples?.usd ?? 0 };
  if (labels === null || labelling === undefined) return { ...priced, verifierCalls: sampled };
  const bought = { ...labelling, count: count * labels.count, usd: labels.usd };
  return { ...priced, verifierCalls: 0, unscored: sampled, labels: bought };
}
