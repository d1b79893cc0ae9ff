import { z } from 'zod';
import type { Random, ComparedAnswer } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { wordNgrams } from '../../text/overlap';
import { rouge } from '../../text/rouge';
import { splitSentences } from '../../text/sentences/split';
import { wordRuns } from '../../text/words';
import { defineTask } from '../define/define-task';
import { gainVerbs, lossVerbs } from '../grade-school-math/words';
import { judgeBothOrders, qualityJudge } from '../judging/judge';
import { summarizeWins } from '../judging/summarize';
import { ownAnswer } from '../own-answer';
import { drawInteger, drawOne } from '../random';
import { names, things } from '../words';

const schema = z.object({ document: z.string().min(1), summary: z.string().min(1) });
type SummaryItem = z.infer<typeof schema>;

/** Two people and what they do, a sentence a thing; the summary names the things, person by person. */
function drawItem(random: Random): SummaryItem {
  const people = [drawOne(random, names), drawOne(random, names)];
  const verbs = [drawOne(random, gainVerbs), drawOne(random, lossVerbs)];
  const facts = Array.from({ length: drawInteger(random, 2, 4) }, () => {
    const who = drawInteger(random, 0, 1);
    return { name: people[who] ?? '', verb: verbs[who] ?? '', thing: drawOne(random, things) };
  });
  const document = facts.map(({ name, verb, thing }) => `${name}${verb} ${thing}.`).join(' ');
  const parts = [...new Set(facts.map(({ name }) => name))].map((name) => {
    const named = facts.filter((fact) => fact.name === name).map(({ thing }) => thing);
    return `${name}: ${[...new Set(named)].join(', ')}`;
  });
  return { document, summary: ` ${parts.join('; ')}.` };
}

/** The answer that every summary is judged against: the document's first sentence. */
const lead = ({ document }: SummaryItem): string => splitSentences(document)[0] ?? document;

/** Share of an answer's word triples that stand in the document, 0 … 1; 0 for fewer than three words. */
export function copyRate(document: string, answer: string): number {
  const source = new Set(wordNgrams(normalizeText(document), 3));
  const triples = wordNgrams(normalizeText(answer), 3);
  return triples.length === 0 ? 0 : triples.filter((triple) => source.has(triple)).length / triples.length;
}

const judge = qualityJudge<SummaryItem>(
  'rouge',
  'Prefers the summary whose ROUGE-1 with the reference summary is higher.',
  ({ summary }, answer) => rouge(summary, answer).rouge1,
);

const cue = 'TL;DR:';
const prompt = ({ document }: SummaryItem): string => `${document}\n${cue}`;

const sides = (item: SummaryItem, completion: string): ComparedAnswer => ({
  prompt: prompt(item),
  answer: ownAnswer(completion, cue),
  reference: lead(item),
});

/**
 * Summarization, over files of { document, summary } or a generated twin. The score is the win rate against the
 * document's first sentence, judged in both orders by a program that goes by ROUGE-1 with the reference summary: it stands in
 * for people, and knows neither style nor truth.
 */
export const summarization = defineTask<SummaryItem>({
  name: 'summarization',
  metric: 'win rate',
  synthesize: drawItem,
  schema,
  prompt,
  leakageText: ({ document }) => document,
  // The things alone: who has them, in which order and how they came by them is dressing.
  pattern: ({ document }) => [...new Set(document.match(/\w+(?=\.)/g))].sort().join(' '),
  target: lead,
  gold: ({ summary }) => summary,
  comparison: sides,
  evaluate(item, completion) {
    const { document, summary } = item;
    const compared = sides(item, completion);
    const { win, unparseable, inconsistent } = judgeBothOrders(judge, item, compared);
    const { answer } = compared;
    const words = wordRuns(answer).length;
    const figures = { ...rouge(summary, answer), words, copyRate: copyRate(document, answer) };
    return { score: win, scores: { win, unparseable, inconsistent, ...figures } };
  },
  summarize: summarizeWins(cue),
});
