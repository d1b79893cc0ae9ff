import { createHash } from 'node:crypto';
import { BudgetlineError } from '../core/failures';
import { ledgerLine, type LedgerEntry, type LedgerLine } from '../schemas/ledger';

/** `previous` of a chain's first line. */
const origin = '0'.repeat(64);

/** A chain's head after a line: its SHA-256. */
export const headAfter = (line: Uint8Array): string => createHash('sha256').update(line).digest('hex');

/** Value of `previous` in the next line. */
const linkAfter = (last: Uint8Array | undefined): string => (last === undefined ? origin : headAfter(last));

/** undefined if the bytes are not JSON; no schema accepts that as a line. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function nextSequence(place: string, last: Buffer): number {
  const parsed = ledgerLine.safeParse(parseJson(last));
  if (parsed.success) return parsed.data.sequence + 1;
  throw new BudgetlineError('LEDGER_CORRUPT', `${place}: the last line is not a ledger line.`, {
    details: { path: place },
  });
}

/** The line of an entry after the chain's last line. @throws BudgetlineError LEDGER_CORRUPT */
export function nextLine(place: string, last: Buffer | undefined, entry: LedgerEntry): Buffer {
  const sequence = last === undefined ? 0 : nextSequence(place, last);
  const link = { sequence, previous: linkAfter(last), time: new Date().toISOString() };
  return Buffer.from(JSON.stringify(ledgerLine.parse({ ...link, ...entry })), 'utf8');
}

function corrupt(place: string, lineNumber: number, what: string): BudgetlineError {
  return new BudgetlineError('LEDGER_CORRUPT', `${place}:${lineNumber}: ${what}.`, {
    details: { path: place, line: lineNumber },
  });
}

const foreign = (place: string, line: number): BudgetlineError =>
  new BudgetlineError(
    'FORMAT_UNSUPPORTED',
    `${place}:${line}: another version of Budgetline wrote this line.`,
    { details: { path: place, line } },
  );

/** Whether something that is no line of this version follows from the line before it. */
const isLinked = (json: unknown, before: Buffer | undefined): boolean =>
  (json as { readonly previous?: unknown } | null | undefined)?.previous === linkAfter(before);

/**
 * The lines of a chain, each verified to follow from the one before it.
 *
 * @throws BudgetlineError LEDGER_CORRUPT; FORMAT_UNSUPPORTED for a line of another version
 */
export function parseChain(place: string, raw: readonly Buffer[]): LedgerLine[] {
  return raw.map((bytes, at) => {
    const json = parseJson(bytes);
    const parsed = ledgerLine.safeParse(json);
    if (!parsed.success)
      throw isLinked(json, raw[at - 1])
        ? foreign(place, at + 1)
        : corrupt(place, at + 1, 'this is not a ledger line');
    const { previous, sequence } = parsed.data;
    if (previous !== linkAfter(raw[at - 1]))
      throw corrupt(place, at + 1, 'the line does not have the SHA-256 of the line before it');
    if (sequence !== at) throw corrupt(place, at + 1, `the line has sequence ${sequence} instead of ${at}`);
    return parsed.data;
  });
}
