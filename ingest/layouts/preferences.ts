import type { DialogueForm } from '../messages';
import { answerTo, holdsQuestion, renderAnswers, splitDialogue } from './dialogues';
import { type Candidate, type Judged, type Layout, missing } from './layout';
import { numberOf } from './numbers';
import { askingColumns, readPrompt, systemTurns } from './prompts';
import { completionsField, readRanked } from './ranked';
import { refuse, refuseTie, type Row } from './row';
import { sharedBeginning, sharedDialogue } from './transcripts';
import { type Turn, turnsOf } from './turns';
import { hasWinner, readWinner } from './winner';

interface Pair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

const asPair = ({ prompt, answers }: { prompt: string; answers: readonly string[] }): Pair => ({
  prompt,
  chosen: answers[0] ?? '',
  rejected: answers[1] ?? '',
});

function missingPrompt(row: Row): never {
  const columns = askingColumns(row).join('+');
  const remedy =
    columns === ''
      ? 'Give the row a prompt, or answers that begin with the same question.'
      : `Name the columns that hold it: --column-mapping prompt=${columns}.`;
  return missing('prompt', remedy);
}

/** Answers that are dialogues with their question. */
function readDialogues(
  row: Row,
  { chosen, rejected, turns, form }: Judged & { turns: readonly (readonly Turn[])[]; form: DialogueForm },
): Pair {
  const prompt = row.isFilled('prompt') ? readPrompt(row) : undefined;
  const answered = [chosen, rejected].map((candidate, index) =>
    prompt === undefined
      ? splitDialogue(turns[index] ?? [], candidate.field)
      : answerTo(row, prompt, candidate),
  );
  return asPair(renderAnswers(row, answered, form));
}

/** Texts with an implicit prompt. */
function readTexts(row: Row, chosen: string, rejected: string): Pair {
  const dialogue = sharedDialogue(chosen, rejected);
  // A question in a column that is not read, and answers that happen to begin alike.
  if (dialogue === undefined && askingColumns(row).length > 0) missingPrompt(row);
  const shared = dialogue ?? sharedBeginning(chosen, rejected);
  const prompt = [...systemTurns(row).map(({ content }) => content), shared].join('\n\n');
  return { prompt, chosen: chosen.slice(shared.length), rejected: rejected.slice(shared.length) };
}

const hasPrompt = (row: Row): boolean =>
  ['prompt', 'messages', 'conversations', 'instruction', 'input'].some((name) => row.isFilled(name));

function readPair(row: Row, { chosen, rejected }: Judged, form: DialogueForm): Pair {
  const turns = [chosen, rejected].map(({ field, value }) => turnsOf(row, field, value));
  const [better, worse] = turns;
  if (better !== undefined && worse !== undefined && (holdsQuestion(better) || holdsQuestion(worse)))
    return readDialogues(row, { chosen, rejected, turns: [better, worse], form });
  if (better === undefined && worse === undefined && !hasPrompt(row))
    return readTexts(row, chosen.value as string, rejected.value as string);
  const prompt = readPrompt(row) ?? missingPrompt(row);
  const answered = [chosen, rejected].map((candidate) => answerTo(row, prompt, candidate));
  return asPair(renderAnswers(row, answered, form));
}

const take = (row: Row, field: string): Candidate => ({ field, value: row.take(field) });

/** Names of a chosen answer's score: "score_chosen", "chosen_rating", "chosen-avg-reward"; and of the rejected one's. */
const chosenScore =
  /^(?:chosen[_-](?:\w+[_-])?(?:score|rating|reward)|(?:\w+[_-])?(?:score|rating|reward)[_-]chosen)$/i;

/** Refuses a pair whose rejected answer has the higher score. */
function checkScores(row: Row): void {
  for (const better of row.names.filter((name) => chosenScore.test(name))) {
    const worse = better.replace(/chosen/i, 'rejected');
    if (!row.isFilled(better) || !row.isFilled(worse)) continue;
    const [high, low] = [better, worse].map((name) => numberOf(name, row.take(name))) as [number, number];
    if (high === low) refuseTie(worse, `is ${low}, the same as "${better}"`);
    if (high < low)
      refuse(
        worse,
        `is ${low}, above "${better}" (${high})`,
        'Correct or remove the row: its scores contradict the preference.',
      );
  }
}

/** Refuses answers that are names of the columns that hold the answers. */
function refuseNames(row: Row, { chosen, rejected }: Judged): void {
  const isName = ({ field, value }: Candidate): boolean =>
    typeof value === 'string' && value !== field && row.isFilled(value);
  if (isName(chosen) && isName(rejected))
    refuse(
      chosen.field,
      'is the name of a column, not an answer',
      `Map the columns of the answers: --column-mapping first=…,second=…,better=${chosen.field}.`,
    );
}

const named = (chosen: string, rejected: string, name: string): Layout<Pair> => ({
  name,
  fields: `${chosen}, ${rejected}`,
  fits: (row) => row.has(chosen) && row.has(rejected),
  read(row, form) {
    const answers = { chosen: take(row, chosen), rejected: take(row, rejected) };
    refuseNames(row, answers);
    const pair = readPair(row, answers, form);
    checkScores(row);
    return pair;
  },
});

/** Layouts of pairs, in the order in which they are tried. */
export const preferenceLayouts: readonly Layout<Pair>[] = [
  {
    ...named('chosen', 'rejected', 'chosen and rejected'),
    fields: 'prompt, chosen, rejected; or chosen, rejected',
  },
  {
    ...named('preferred_output', 'non_preferred_output', 'OpenAI preference'),
    fields: 'input.messages, preferred_output, non_preferred_output',
  },
  {
    name: 'ranked completions',
    fields: 'prompt, completions, ranks or scores',
    fits: (row) => row.isFilled(completionsField),
    read: (row, form) => readPair(row, readRanked(row), form),
  },
  {
    name: 'two answers and a winner',
    fields: 'prompt, first, second, better',
    fits: (row) => row.has('first') && row.has('second') && hasWinner(row),
    read: (row, form) => readPair(row, readWinner(row), form),
  },
];
