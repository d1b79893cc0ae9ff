import { createRandom } from '../../../core/random';

/** First letter and number of letters of scripts that put no spaces between words. */
const scripts = {
  Chinese: [0x4e00, 900],
  Hiragana: [0x3042, 60],
  Thai: [0x0e01, 40],
  Lao: [0x0e94, 4],
  Khmer: [0x1780, 30],
  Burmese: [0x1000, 30],
  Tibetan: [0x0f40, 8],
} as const;

/** A test item in one script, a longer text that holds it, and one that does not. */
export interface ScriptCase {
  readonly name: string;
  readonly item: string;
  readonly leaked: string;
  readonly clean: string;
}

export function scriptCases(seed: number): ScriptCase[] {
  const random = createRandom('script-cases', seed);
  const below = (count: number): number => Math.floor(random() * count);
  return Object.entries(scripts).map(([name, [first, count]]) => {
    const write = (length: number): string =>
      Array.from({ length }, () => String.fromCodePoint(first + below(count))).join('');
    const item = write(20 + below(20));
    return {
      name: `${name}, seed ${seed}`,
      item,
      leaked: `${write(5)}：${below(2) === 0 ? item : item.normalize('NFD')}${write(below(9))}`,
      clean: `${write(5)}${item.slice(0, 10)}${write(10)}`,
    };
  });
}
