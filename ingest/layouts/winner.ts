import type { Candidate, Judged } from './layout';
import { numberOf } from './numbers';
import { refuse, refuseTie, type Row } from './row';
import { readTruth, wordOf } from './unpaired';

/** "better" counts from 1; numbers from 0 and truth values have fields of their own, since 1 means something else there. */
const winnerFields = ['better', 'better_index', 'first_is_better'] as const;

const scoreFields = ['score_first', 'score_second'] as const;

const hasScores = (row: Row): boolean => scoreFields.every((name) => row.isFilled(name));

export const hasWinner = (row: Row): boolean =>
  hasScores(row) || winnerFields.some((name) => row.isFilled(name));

type Winner = 'first' | 'second' | 'tie';

const words: Readonly<Record<Winner, readonly string[]>> = {
  first: ['first', 'a', '1', 'left'],
  second: ['second', 'b', '2', 'right'],
  tie: ['tie', 'ties', 'tied', 'equal', 'same', 'draw', 'both', 'neither', 'none', 'tie (bothbad)'],
};

/** "Response_A", "model b", "answer-1": the word that stays. */
const prefix = /^(?:response|answer|model|assistant|completion|candidate|option|output|text)[\s_-]*/;

const accepted = Object.values(words).flat().join(', ');

function winnerByWord(row: Row): Winner {
  const word = wordOf(row.take('better'));
  const bare = word.replace(prefix, '');
  for (const winner of ['first', 'second', 'tie'] as const)
    if (words[winner].includes(word) || words[winner].includes(bare)) return winner;
  return refuse(
    'better',
    `is none of ${accepted}, alone or after "response_", "model_", "answer_"`,
    'Write one of these. Map a column that counts from 0 to "better_index", and one of truth values to "first_is_better".',
  );
}

function winnerByIndex(row: Row): Winner {
  const index = numberOf('better_index', row.take('better_index'));
  if (index === 0) return 'first';
  if (index === 1) return 'second';
  return refuse('better_index', 'is neither 0 nor 1', 'Count from 0, or map the column to "better".');
}

function winnerByScores(row: Row): Winner {
  const [first, second] = scoreFields.map((name) => numberOf(name, row.take(name))) as [number, number];
  if (first === second) return 'tie';
  return first > second ? 'first' : 'second';
}

const readers: Readonly<Record<(typeof winnerFields)[number], (row: Row) => Winner>> = {
  better: winnerByWord,
  better_index: winnerByIndex,
  first_is_better: (row) => (readTruth('first_is_better', row.take('first_is_better')) ? 'first' : 'second'),
};

interface Statement {
  readonly field: string;
  readonly winner: Winner;
}

/** Every statement of the row about who won. */
function statements(row: Row): Statement[] {
  const named = winnerFields.filter((name) => row.isFilled(name));
  const said = named.map((field) => ({ field, winner: readers[field](row) }));
  return hasScores(row) ? [...said, { field: 'score_second', winner: winnerByScores(row) }] : said;
}

/** The pair of two answers and fields that say which is better; all must agree. */
export function readWinner(row: Row): Judged {
  const [said, ...others] = statements(row) as [Statement, ...Statement[]];
  const contradiction = others.find(({ winner }) => winner !== said.winner);
  if (contradiction !== undefined)
    refuse(contradiction.field, `contradicts "${said.field}"`, 'Correct or remove the row.');
  if (said.winner === 'tie') refuseTie(said.field, 'prefers neither answer');
  const take = (field: string): Candidate => ({ field, value: row.take(field) });
  const [first, second] = [take('first'), take('second')];
  return said.winner === 'first' ? { chosen: first, rejected: second } : { chosen: second, rejected: first };
}
