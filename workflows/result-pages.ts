import type { StoredPage, SweepLists, ResultPage } from '../contracts/results';
import { storeDocument } from './ledger';

/** Temporal's limit for a payload is 2 MB. The other fields and the payload codec need room too. */
const pageBytes = 1_000_000;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Items from index `from` on that fit into `limit` bytes; at least one. */
export function takeFitting<T>(list: readonly T[], from: number, limit = pageBytes): T[] {
  const taken: T[] = [];
  let bytes = 0;
  for (let place = from; place < list.length; place += 1) {
    const item = list[place]!;
    bytes += bytesOf(item) + 1;
    if (bytes > limit && taken.length > 0) break;
    taken.push(item);
  }
  return taken;
}

type Entry = { [N in keyof SweepLists]: readonly [name: N, item: SweepLists[N][number]] }[keyof SweepLists];

function pageOf(entries: readonly Entry[]): ResultPage {
  const part: Partial<Record<keyof SweepLists, unknown[]>> = {};
  for (const [name, item] of entries) (part[name] ??= []).push(item);
  return part as ResultPage;
}

/** Splits lists into pages that each fit into one payload. */
export function splitPages(lists: SweepLists): ResultPage[] {
  const entries = Object.entries(lists).flatMap(([name, list]) =>
    (list as readonly unknown[]).map((item) => [name, item] as Entry),
  );
  const parts: ResultPage[] = [];
  for (let from = 0; from < entries.length;) {
    const taken = takeFitting(entries, from);
    parts.push(pageOf(taken));
    from += taken.length;
  }
  return parts;
}

/** Writes pages to the store, one at a time: a workflow task may send at most 4 MB. */
export async function storePages(parts: readonly ResultPage[]): Promise<StoredPage[]> {
  const pages: StoredPage[] = [];
  for (const document of parts) pages.push({ digest: await storeDocument({ document }) });
  return pages;
}
