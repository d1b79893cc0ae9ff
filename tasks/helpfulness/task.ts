import { z } from 'zod';
import type { Random, ComparedAnswer } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { defineTask } from '../define/define-task';
import { judgeBothOrders, qualityJudge } from '../judging/judge';
import { summarizeWins } from '../judging/summarize';
import { ownAnswer } from '../own-answer';
import { drawOne } from '../random';
import { names, things } from '../words';

const schema = z.object({
  /** What somebody asks for. */
  request: z.string().min(1),
  /** The fixed answer that every answer is judged against. */
  reference: z.string().min(1),
  /** A helpful answer to learn from. */
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

function drawItem(random: Random): HelpItem {
  const [name, noun] = [drawOne(random, names), drawOne(random, things)];
  const [action, place] = [drawOne(random, actions), drawOne(random, places)];
  return {
    request: `${name} asks: how do I ${action} ${noun} in a ${place}?`,
    reference: ` ${action} ${noun}.`,
    response: ` 1. Get the ${place}. 2. ${action} the ${noun}. 3. Check.`,
  };
}

/** Words of a request that an answer should take up. */
function askedFor(request: string): string[] {
  return normalizeText(request)
    .split(' ')
    .filter((word) => word.length > 2 && !['asks', 'how', 'the', 'and'].includes(word));
}

/** What an answer's numbered steps say; twice the same step, whatever its number, counts once. */
function distinctSteps(answer: string): number {
  const steps = [...answer.matchAll(/(?<!\d)[1-5]\. ([^.]+)/g)].map(([, said = '']) => normalizeText(said));
  return new Set(steps.filter((said) => said !== '')).size;
}

/** How much of the request an answer takes up, and whether it goes step by step. */
function quality({ request }: HelpItem, answer: string): number {
  const given = new Set(normalizeText(answer).split(' '));
  const asked = askedFor(request);
  const taken = asked.filter((word) => given.has(word)).length / Math.max(1, asked.length);
  return taken + Math.min(distinctSteps(answer), 3) / 3;
}

const judge = qualityJudge<HelpItem>(
  'covers-request',
  'Prefers the answer that takes up more of the request’s words and goes step by step.',
  quality,
);

const cue = 'A:';
const prompt = ({ request }: HelpItem): string => `${request}\n${cue}`;

const sides = (item: HelpItem, completion: string): ComparedAnswer => ({
  prompt: prompt(item),
  answer: ownAnswer(completion, cue),
  reference: item.reference,
});

/**
 * Helpfulness, over files of { request, reference, response } or a generated twin. The score is the win rate against the
 * row's fixed reference, in both orders, by a program that sees words and numbered steps alone. On real requests it is
 * a stand-in: helpfulness there is what people, or a model in their place, say.
 */
export const helpfulness = defineTask<HelpItem>({
  name: 'helpfulness',
  metric: 'win rate',
  synthesize: drawItem,
  schema,
  prompt,
  leakageText: ({ request }) => request,
  dedupKey: ({ request }) => request.replace(/^\w+ asks: /, ''),
  target: ({ reference }) => reference,
  gold: ({ response }) => response,
  comparison: sides,
  evaluate(item, completion) {
    const compared = sides(item, completion);
    const { win, unparseable, inconsistent } = judgeBothOrders(judge, item, compared);
    return {
      score: win,
      wellFormed: /(?<!\d)1\. /.test(compared.answer),
      scores: { win, unparseable, inconsistent, characters: compared.answer.length },
    };
  },
  summarize: summarizeWins(cue),
});
