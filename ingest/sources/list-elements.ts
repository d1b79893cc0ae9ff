import { createScanner, type JSONScanner } from 'jsonc-parser';
import type { SourceRecord } from '../../contracts/records';
import { exactFields } from './exact-json';
import { token } from './tokens';

const isOpening = (kind: number): boolean => kind === token.openBrace || kind === token.openBracket;
const isClosing = (kind: number): boolean => kind === token.closeBrace || kind === token.closeBracket;

/** An element of a list: the line of its first token, and where it begins and ends in the text. */
interface Element {
  /** From 1. */
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

type Found = Element | { readonly line: number; readonly unreadable: string };

/** Goes through the tokens of a JSON document and cuts out the elements of one list. */
class ElementScanner {
  readonly #scanner: JSONScanner;
  readonly #open: number[] = [];
  #begun: Omit<Element, 'to'> | undefined;
  /** End of the last token. */
  #to = 0;
  #text = '';
  /** Name of the field of the outermost object. */
  #field = '';

  /** @param field of an object that holds the list. Left out: the document is the list */
  constructor(
    private readonly text: string,
    private readonly field: string | undefined,
  ) {
    this.#scanner = createScanner(text, true);
  }

  *elements(): Generator<Found> {
    for (let kind: number = this.#scanner.scan(); kind !== token.end; kind = this.#scanner.scan()) {
      if (this.#open.length === 0 && !isOpening(kind)) {
        yield { line: this.#line, unreadable: 'goes on after the end of the list' };
        return;
      }
      yield* this.#take(kind);
    }
    if (this.#begun !== undefined) yield { ...this.#begun, to: this.text.length };
    if (this.#open.length > 0) yield { line: this.#line, unreadable: 'ends before its list is closed' };
  }

  get #line(): number {
    return this.#scanner.getTokenStartLine() + 1;
  }

  get #isInList(): boolean {
    const depth = this.field === undefined ? 1 : 2;
    if (this.#open.length !== depth || this.#open.at(-1) !== token.openBracket) return false;
    return this.field === undefined || this.field === this.#field;
  }

  *#take(kind: number): Generator<Element> {
    this.#nameField(kind);
    if (this.#isInList) {
      if (kind !== token.comma && !isClosing(kind))
        this.#begun ??= { line: this.#line, from: this.#scanner.getTokenOffset() };
      else if (this.#begun !== undefined) {
        yield { ...this.#begun, to: this.#to };
        this.#begun = undefined;
      }
    }
    if (isOpening(kind)) this.#open.push(kind);
    if (isClosing(kind)) this.#open.pop();
    this.#to = this.#scanner.getTokenOffset() + this.#scanner.getTokenLength();
  }

  #nameField(kind: number): void {
    if (this.#open.length !== 1) return;
    if (kind === token.text) this.#text = this.#scanner.getTokenValue();
    if (kind === token.colon) this.#field = this.#text;
  }
}

/**
 * The records of a list in a JSON document. The text need not be valid: what is wrong within one element leaves the others.
 *
 * @param field of an object that holds the list. Left out: the document is the list
 */
export function* listRecords(text: string, field?: string): Generator<SourceRecord> {
  let [last, inLine] = [0, 0];
  for (const found of new ElementScanner(text, field).elements()) {
    const { line } = found;
    inLine = line === last ? inLine + 1 : 1;
    last = line;
    const place = { line, nth: inLine === 1 ? undefined : inLine };
    if ('unreadable' in found) {
      yield { ...place, unreadable: found.unreadable };
      continue;
    }
    const parsed = exactFields(text.slice(found.from, found.to));
    yield 'fault' in parsed ? { ...place, unreadable: parsed.fault } : { ...place, fields: parsed.fields };
  }
}
