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
import { randomInteger, randomChoice } from '../random';
import { names, things } from '../words';

const schema = z.object({ document: z.string().min(1), summary: z.string().min(1) });
type SummaryItem = z.infer<typeof schema>;

/** A document of one sentence per thing that two people handle; the summary lists the things by person. */
function generateItem(random: Random): SummaryItem {
  const people = [randomChoice(random, names), randomChoice(random, names)];
  const verbs = [randomChoice(random, gainVerbs), randomChoice(random, lossVerbs)];
  const facts = Array.from({ length: randomInteger(random, 2, 4) }, () => {
    const who = randomInteger(random, 0, 1);
    return { name: people[who] ?? '', verb: verbs[who] ?? '', thing: randomChoice(random, things) };
  });
  const document = facts.map(({ name, verb, thing }) => `${name}${verb} ${thing}.`).join(' ');
  const parts = [...new Set(facts.map(({ name }) => name))].map((name) => {
    const named = facts.filter((fact) => fact.name === name).map(({ thing }) => thing);
    return `${name}: ${[...new Set(named)].join(', ')}`;
  });
  return { document, summary: ` ${parts.join('; ')}.` };
}

/** The reference of comparisons: the document's first sentence. */
const lead = ({ document }: SummaryItem): string => splitSentences(document)[0] ?? document;

/** Fraction of an answer's word 3-grams that occur in the document, 0 … 1; 0 for fewer than three words. */
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

const comparison = (item: SummaryItem, completion: string): ComparedAnswer => ({
  prompt: prompt(item),
  answer: ownAnswer(completion, cue),
  reference: lead(item),
});

/**
 * Summarization, on synthetic problems or files of { document, summary }. The score is the win rate against the document's
 * first sentence in both orders, by a program that compares ROUGE-1 with the reference summary. It ignores style and
 * truth; for real documents set a judge.
 */
export const summarization = defineTask<SummaryItem>({
  name: 'summarization',
  metric: 'win rate',
  synthesize: generateItem,
  schema,
  prompt,
  leakageText: ({ document }) => document,
  // The things only, without people, order and verbs.
  pattern: ({ document }) => [...new Set(document.match(/\w+(?=\.)/g))].sort().join(' '),
  target: lead,
  gold: ({ summary }) => summary,
  comparison,
  score(item, completion) {
    const { document, summary } = item;
    const compared = comparison(item, completion);
    const { win, unparseable, inconsistent } = judgeBothOrders(judge, item, compared);
    const { answer } = compared;
    const words = wordRuns(answer).length;
    const metrics = { ...rouge(summary, answer), words, copyRate: copyRate(document, answer) };
    return { score: win, scores: { win, unparseable, inconsistent, ...metrics } };
  },
  summarize: summarizeWins(cue),
});
