import type { KeptPart, SweepLists, SweepPart } from '../contracts/results';
import { keepDocument } from './ledger';

/** Temporal takes payloads of 2 MB; a return has other fields too, and a codec adds to it. */
const partBytes = 1_000_000;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Items of `list` from the place `from` that fit into `limit` bytes, one at least. */
export function fitting<T>(list: readonly T[], from: number, limit = partBytes): T[] {
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

function partOf(entries: readonly Entry[]): SweepPart {
  const part: Partial<Record<keyof SweepLists, unknown[]>> = {};
  for (const [name, item] of entries) (part[name] ??= []).push(item);
  return part as SweepPart;
}

/** Cuts lists into parts of which each fits into a payload. */
export function cutParts(lists: SweepLists): SweepPart[] {
  const entries = Object.entries(lists).flatMap(([name, list]) =>
    (list as readonly unknown[]).map((item) => [name, item] as Entry),
  );
  const parts: SweepPart[] = [];
  for (let from = 0; from < entries.length;) {
    const taken = fitting(entries, from);
    parts.push(partOf(taken));
    from += taken.length;
  }
  return parts;
}

/** Puts parts into the store, one after another: a workflow task may hand over 4 MB. */
export async function keepParts(parts: readonly SweepPart[]): Promise<KeptPart[]> {
  const kept: KeptPart[] = [];
  for (const document of parts) kept.push({ digest: await keepDocument({ document }) });
  return kept;
}
