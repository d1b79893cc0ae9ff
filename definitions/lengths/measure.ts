import type { TokenCounter } from '../../trainer/data/lengths';
import { countOf, formatCount, joinList } from '../../contracts/text';

/** Texts longer than a limit in tokens. */
export interface LongTexts {
  /** What they are: "rows", "reference answers". */
  readonly what: string;
  /** The definition's field with the limit, or what sets it. */
  readonly field: string;
  readonly limit: number;
  /** What happens to them. */
  readonly effect: string;
  /** How many are longer, of how many that were counted. */
  readonly count: number;
  readonly of: number;
  /** Those that there was no time to count. */
  readonly uncounted: number;
  /** Tokens of the longest. */
  readonly longest: number;
  /** The first twenty by file and line, as "file:line"; problems without a file by their id. */
  readonly places: readonly string[];
}

/** One text with its place. */
export interface Measured {
  readonly place: string;
  readonly texts: readonly string[];
  tokens(counter: TokenCounter): number;
}

/** Texts that have one limit. */
export interface LengthCheck extends Pick<LongTexts, 'what' | 'field' | 'limit' | 'effect'> {
  readonly measured: readonly Measured[];
}

const shownPlaces = 20;

/** A token has at least one byte; a tokenizer adds a few: begin and end of sequence, spaces in front of texts. */
const addedTokens = 4;

/** By file and line. */
const inNumberOrder = new Intl.Collator('en', { numeric: true });

const mayExceed = (limit: number, { texts }: Measured): boolean =>
  texts.reduce((sum, text) => sum + Buffer.byteLength(text), addedTokens) > limit;

/** Counts tokens where a text's bytes may exceed the limit. Undefined where no text is too long. */
async function checkLengths(
  { measured, ...check }: LengthCheck,
  { open, untilMs }: { open: () => Promise<TokenCounter>; untilMs: number },
): Promise<LongTexts | undefined> {
  const places: string[] = [];
  let [count, longest, uncounted] = [0, 0, 0];
  for (const one of measured) {
    if (!mayExceed(check.limit, one)) continue;
    const counter = await open();
    if (performance.now() > untilMs) {
      uncounted += 1;
      continue;
    }
    const tokens = one.tokens(counter);
    if (tokens <= check.limit) continue;
    count += 1;
    longest = Math.max(longest, tokens);
    places.push(one.place);
  }
  if (count === 0 && uncounted === 0) return undefined;
  const first = places.sort(inNumberOrder.compare).slice(0, shownPlaces);
  return { ...check, count, of: measured.length - uncounted, uncounted, longest, places: first };
}

/** Counts the texts of all checks. */
export async function measureLengths(
  checks: readonly LengthCheck[],
  options: { open: () => Promise<TokenCounter>; limitMs: number },
): Promise<LongTexts[]> {
  const untilMs = performance.now() + options.limitMs;
  const found: LongTexts[] = [];
  for (const check of checks) {
    const long = await checkLengths(check, { open: options.open, untilMs });
    if (long !== undefined) found.push(long);
  }
  return found;
}

/** "train.jsonl:2, 7 and 9; test.jsonl:3". */
function describePlaces(places: readonly string[], count: number): string {
  const lines = new Map<string, string[]>();
  for (const place of places) {
    const [, path = '', line = place] = /^(.*:)(\d+)$/.exec(place) ?? [];
    lines.set(path, [...(lines.get(path) ?? []), line]);
  }
  const more = count > places.length ? ` and ${formatCount(count - places.length)} more` : '';
  return (
    [...lines].map(([path, all]) => path + (more === '' ? joinList(all) : all.join(', '))).join('; ') + more
  );
}

/** One sentence for a plan. */
export function describeLong(long: LongTexts): string {
  const { what, field, limit, effect, count, of, uncounted, longest, places } = long;
  const tokens = countOf(limit, 'token');
  const rest =
    uncounted === 0
      ? ''
      : ` ${formatCount(uncounted)} ${what} were not counted, because counting took too long.`;
  if (count === 0) return rest.trim();
  const which = describePlaces(places, count);
  return `${formatCount(count)} of ${formatCount(of)} ${what} have more than ${tokens} (${field}), at most ${formatCount(longest)}; ${effect}: ${which}.${rest}`;
}
