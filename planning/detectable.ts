/** Assumed standard deviation between training seeds; repeated runs of the embedded default had 0.015 to 0.025. */
const seedDeviation = 0.02;
/** The score with the largest variance between items. */
const score = 0.5;
/** Normal quantiles of a two-sided test at 5% and of a power of 80%. */
const quantiles = 1.96 + 0.842;

/**
 * The smallest difference between two splits of one budget that a sweep detects with 80% power at the 95% level. Items
 * count as unpaired; pairing can only do better. With one seed it applies to these trained models only.
 *
 * @param items test items
 * @param seeds training seeds
 * @returns in the score's units
 */
export function detectableDifference({
  items,
  seeds,
}: {
  readonly items: number;
  readonly seeds: number;
}): number {
  const ofItems = (2 * score * (1 - score)) / items;
  const ofSeeds = seeds === 1 ? 0 : (2 * seedDeviation ** 2) / seeds;
  return quantiles * Math.sqrt(ofItems + ofSeeds);
}
