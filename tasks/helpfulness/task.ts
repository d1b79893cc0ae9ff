import { z } from 'zod';
import type { Random, ComparedAnswer } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { defineTask } from '../define/define-task';
import { judgeBothOrders, qualityJudge } from '../judging/judge';
import { summarizeWins } from '../judging/summarize';
import { ownAnswer } from '../own-answer';
import { randomChoice } from '../random';
import { names, things } from '../words';

const schema = z.object({
  /** The user's request. */
  request: z.string().min(1),
  /** The fixed answer that a judge compares with. */
  reference: z.string().min(1),
  /** A helpful answer, for demonstrations. */
  response: z.string().min(1),
});
type HelpItem = z.infer<typeof schema>;

const actions =
  'pack wash sort count paint fold mend stack carry label clean store weigh hide wrap ship tie trade buy sell'.split(
    ' ',
  );
const places =
  'box bag cart shed jar tray sack crate chest tent cabin garage barn basket bucket cellar drawer kitchen attic locker van trunk shop yard'.split(
    ' ',
  );

function generateItem(random: Random): HelpItem {
  const [name, noun] = [randomChoice(random, names), randomChoice(random, things)];
  const [action, place] = [randomChoice(random, actions), randomChoice(random, places)];
  return {
    request: `${name} asks: how do I ${action} ${noun} in a ${place}?`,
    reference: ` ${action} ${noun}.`,
    response: ` 1. Get the ${place}. 2. ${action} the ${noun}. 3. Check.`,
  };
}

/** Words of a request that an answer should mention. */
function askedFor(request: string): string[] {
  return normalizeText(request)
    .split(' ')
    .filter((word) => word.length > 2 && !['asks', 'how', 'the', 'and'].includes(word));
}

/** Number of different numbered steps of an answer; repeated text counts once. */
function distinctSteps(answer: string): number {
  const steps = [...answer.matchAll(/(?<!\d)[1-5]\. ([^.]+)/g)].map(([, text = '']) => normalizeText(text));
  return new Set(steps.filter((text) => text !== '')).size;
}

/** Fraction of the request's words in the answer, 0 … 1, plus its numbered steps, 0 … 1. */
function quality({ request }: HelpItem, answer: string): number {
  const words = new Set(normalizeText(answer).split(' '));
  const asked = askedFor(request);
  const covered = asked.filter((word) => words.has(word)).length / Math.max(1, asked.length);
  return covered + Math.min(distinctSteps(answer), 3) / 3;
}

const judge = qualityJudge<HelpItem>(
  'covers-request',
  'Prefers the answer that mentions more of the request’s words and has numbered steps.',
  quality,
);

const cue = 'A:';
const prompt = ({ request }: HelpItem): string => `${request}\n${cue}`;

const comparison = (item: HelpItem, completion: string): ComparedAnswer => ({
  prompt: prompt(item),
  answer: ownAnswer(completion, cue),
  reference: item.reference,
});

/**
 * Helpfulness, on synthetic problems or files of { request, reference, response }. The score is the win rate against the
 * row's reference in both orders, by a program that only counts words and numbered steps. For real requests set a judge:
 * people or a model.
 */
export const helpfulness = defineTask<HelpItem>({
  name: 'helpfulness',
  metric: 'win rate',
  synthesize: generateItem,
  schema,
  prompt,
  leakageText: ({ request }) => request,
  dedupKey: ({ request }) => request.replace(/^\w+ asks: /, ''),
  target: ({ reference }) => reference,
  gold: ({ response }) => response,
  comparison,
  score(item, completion) {
    const compared = comparison(item, completion);
    const { win, unparseable, inconsistent } = judgeBothOrders(judge, item, compared);
    return {
      score: win,
      wellFormed: /(?<!\d)1\. /.test(compared.answer),
      scores: { win, unparseable, inconsistent, characters: compared.answer.length },
    };
  },
  summarize: summarizeWins(cue),
});
