import { seen, type SentenceModel } from './parameters';
import { startsLower, startsUpper, type Token, tokenize, withoutStop, wordOf } from './tokens';

type Verdict = 'starts' | 'continues' | 'unknown';

/** Whether a word starts a sentence, by its first letter and the cases it was seen in. */
function judgeFirstLetter(token: Token, model: SentenceModel): Verdict {
  if (/^[;:,.!?]$/.test(token.text)) return 'continues';
  const contexts = model.contextsOf(wordOf(token));
  const has = (bits: number): boolean => (contexts & bits) !== 0;
  if (startsUpper(token) && has(seen.anySmall) && !has(seen.capitalWithin)) return 'starts';
  if (startsLower(token) && (has(seen.anyCapital) || !has(seen.smallAtStart))) return 'continues';
  return 'unknown';
}

/** Whether the full stop of an abbreviation or ellipsis also ends the sentence. */
function alsoEnds(token: Token, next: Token, model: SentenceModel): boolean {
  if (token.isInitial || !(token.isAbbreviation || token.isEllipsis)) return false;
  if (judgeFirstLetter(next, model) === 'starts') return true;
  return startsUpper(next) && model.starters.has(wordOf(next));
}

/** Whether the full stop of an initial ("J.") or an ordinal ("3.") does not end a sentence. */
function isPartOfName(token: Token, next: Token, model: SentenceModel): boolean {
  if (!token.isInitial && withoutStop(token.type) !== '##number##') return false;
  const verdict = judgeFirstLetter(next, model);
  if (verdict !== 'unknown') return verdict === 'continues';
  const neverSmall = (model.contextsOf(wordOf(next)) & seen.anySmall) === 0;
  return token.isInitial && startsUpper(next) && neverSmall;
}

/** Second decision, by the next word. */
function reconsider(token: Token, next: Token, model: SentenceModel): boolean {
  if (!token.text.endsWith('.')) return token.endsSentence;
  if (model.collocations.has(`${withoutStop(token.type)}\t${wordOf(next)}`)) return false;
  if (alsoEnds(token, next, model)) return true;
  return isPartOfName(token, next, model) ? false : token.endsSentence;
}

/** Whether a sentence ends within a context of a few words, before the last of them. */
export function holdsSentenceEnd(context: string, model: SentenceModel): boolean {
  const tokens = tokenize(context, model);
  return tokens.slice(0, -1).some((token, index) => reconsider(token, tokens[index + 1]!, model));
}
