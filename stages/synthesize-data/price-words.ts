import { joinList } from '../../contracts/text';
import type { OtherPricing } from '../../contracts/results';
import { nameUsd } from '../../core/money';
import { partsOf, partUsd, type PricePart, type RowPrice, rowUsd } from './prices';

/** "4 samples for each of about 2.5 prompts, 10 × $0.0002 = $0.0020". */
function describePart(part: PricePart): string {
  const { what, count, usd } = part;
  const each = count === 1 || usd === 0 ? '' : `${Number(count.toFixed(2))} × ${nameUsd(usd)} = `;
  return `${what}, ${each}${nameUsd(partUsd(part))}`;
}

/** "a row of pairs.jsonl: $0.0010"; several parts with the price of each, then their sum. */
export function describePrice(price: RowPrice): string {
  const parts = partsOf(price);
  const [first] = parts;
  const words = parts.length === 1 && first!.count === 1 ? first!.what : parts.map(describePart).join('; ');
  return `${words}: ${nameUsd(rowUsd(price))}`;
}

/** "The pipeline also has pairs at $0.0040 each." */
export const describeOtherPrices = (others: readonly OtherPricing[]): string =>
  `The pipeline also has ${joinList(others.map(({ noun, usd }) => `${noun} at ${nameUsd(usd)} each`))}.`;
