import type { PriceRatio } from '../../contracts/analysis/money';
import type { PlannedRows } from '../../contracts/stage';
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
  /** Expected samples for one row, each with its verifier call; null: nothing is sampled. */
  readonly samples: PricePart | null;
}

type Priced = Pick<SweepDefinition, 'prices' | 'pairs' | 'annotator' | 'annotations'>;

const fileName = (path: string): string => path.split(/[\\/]/).at(-1)!;

const fileRow = (file: string, usd: number): RowPrice => ({
  parts: [{ what: `a row of ${fileName(file)}`, count: 1, usd }],
  samples: null,
});

/** A demonstration of a definition. */
export function demonstrationPrice({ prices, annotator, annotations }: Priced): RowPrice {
  const usd = prices.sftExample;
  if (annotations?.demonstrations !== undefined) return fileRow(annotations.demonstrations.file, usd);
  return {
    parts: [{ what: `a problem with the answer of annotator ${annotator}`, count: 1, usd }],
    samples: null,
  };
}

/** The samples for one row: a prompt may yield none. */
function samplesPrice(
  { prices }: Priced,
  { candidates, annotator }: Pick<PairSpec, 'candidates' | 'annotator'>,
): PricePart {
  const prompts = 1 / expectedPairYield;
  return {
    what: `${candidates === 1 ? '1 sample' : `${candidates} samples`} for each of about ${Number(prompts.toFixed(2))} prompts`,
    count: candidates * prompts,
    usd: prices.sample + (annotator === undefined ? prices.verifierCall : 0),
  };
}

/** The decision which answer of a pair is better. */
function decisionPrice({ prices }: Priced, { annotator, labels }: PairSpec): PricePart {
  if (annotator === undefined)
    return { what: "a prompt and the verifier's decision", count: 1, usd: prices.preferencePair };
  const usd = prices.preferenceLabel ?? prices.preferencePair;
  return {
    what: `a prompt and ${labels === 1 ? '1 label' : `${labels} labels`} of annotator ${annotator}`,
    count: labels,
    usd,
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
  const gold = {
    what: 'the chosen answer is the reference answer, which costs a demonstration',
    count: 1,
    usd: prices.sftExample,
  };
  return {
    parts: [decisionPrice(definition, pairs), ...(isGold(definition, pairs) ? [gold] : [])],
    samples: samplesPrice(definition, pairs),
  };
}

/** A correct sample as a demonstration. It costs its samples only. */
export const rejectionSamplePrice = (definition: Priced, { candidates }: PairSpec): RowPrice => ({
  parts: [],
  samples: samplesPrice(definition, { candidates }),
});

/** US dollars for a part. */
export const partUsd = ({ count, usd }: PricePart): number => count * usd;

/** All parts of a row, its samples last. */
export const partsOf = ({ parts, samples }: RowPrice): readonly PricePart[] =>
  samples === null ? parts : [...parts, samples];

const sumOf = (parts: readonly PricePart[]): number => parts.reduce((sum, part) => sum + partUsd(part), 0);

/** US dollars for one row: the sum of its parts. */
export const rowUsd = (price: RowPrice): number => sumOf(partsOf(price));

/** The price of a demonstration in pairs; undefined: one of them costs nothing. */
export function priceRatioOf(definition: Priced): PriceRatio | undefined {
  const [sft, pair] = [rowUsd(demonstrationPrice(definition)), rowUsd(pairPrice(definition))];
  if (sft === 0 || pair === 0) return undefined;
  return { own: sft / pair, most: isGold(definition, definition.pairs) ? 1 : undefined };
}

/** The prices of a stage's rows. Samples that no verifier scores are part of each row's price. */
export function pricedRows(
  price: RowPrice,
  { count, isScored = true }: { readonly count: number; readonly isScored?: boolean },
): Pick<PlannedRows, 'usd' | 'sampleUsd' | 'verifierCalls'> {
  const { parts, samples } = price;
  if (samples === null || !isScored) return { usd: rowUsd(price), sampleUsd: 0, verifierCalls: 0 };
  return { usd: sumOf(parts), sampleUsd: samples.usd, verifierCalls: count * samples.count };
}
