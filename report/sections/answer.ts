import type { SweepAnalysis } from '../../contracts/analysis/sweep';
import { comparedItems, splitOf } from '../../contracts/evaluation-split';
import { formatBudget, formatCount, formatFraction, sentenceCase } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { answerParagraphs } from './parts';

/** The place on the axes, without task, annotator and model, which have their own lines. */
function placeFacts({ axes = {} }: SweepAnalysis): [string, string][] {
  return Object.entries(axes).filter(([axis]) => !['task', 'annotator', 'model'].includes(axis));
}

/** Of the best splits alone: the other items chose them. */
const testItems = ({ evaluation }: ReportInput['definition']): [string, string] => [
  'Test items',
  `${formatCount(evaluation.items)}, for what was chosen`,
];

function facts({ definition, analysis }: ReportInput): [string, string][] {
  return [
    ...placeFacts(analysis),
    ['Task', definition.task],
    ['Annotator', definition.annotator],
    ['Base model', definition.model],
    ['Decoding', 'greedy'],
    ['Seeds', analysis.seeds.join(', ') || 'none finished'],
    [`${sentenceCase(splitOf(definition))} items`, formatCount(analysis.items || comparedItems(definition))],
    ...(splitOf(definition) === 'validation' ? [testItems(definition)] : []),
    ['Budgets', definition.budgets.map((budget) => formatBudget(budget, analysis.unit)).join(', ')],
    definition.sftSpendFractions === undefined
      ? ['SFT shares', definition.sftFractions.map(formatFraction).join(', ')]
      : ['SFT shares of the money', definition.sftSpendFractions.map(formatFraction).join(', ')],
  ];
}

/** Below this score, differences between splits are noise. */
const nearZero = 0.1;

function nearZeroNotice({ analysis }: ReportInput): Html {
  const { base, cells } = analysis;
  const scores = [...(base === null ? [] : [base]), ...cells].map(({ score }) => score.estimate);
  if (scores.some((score) => score >= nearZero)) return html``;
  return html`<p class="notice">
    Every score is near zero: this model does not learn this task at any split. The results show that every
    stage ran, not which split is better.
  </p>`;
}

/** The top of the page: the answer, and the setting. */
export function answerHeader(input: ReportInput, contents: readonly (readonly [string, Html])[]): Html {
  const list = facts(input).map(
    ([term, value]) =>
      html`<div>
        <dt>${term}</dt>
        <dd>${value}</dd>
      </div>`,
  );
  const links = contents.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`);
  return html`<header>
    <h1>${input.definition.name}</h1>
    <p class="lead">How to split an annotation budget between SFT demonstrations and preference pairs</p>
    <div class="answer" role="region" aria-label="The answer">${answerParagraphs(input.analysis)}</div>
    ${nearZeroNotice(input)}
    <dl class="facts">${list}</dl>
    <p class="lead">${input.annotatorDescription} ${input.analysis.intervals.label}</p>
    <nav aria-label="Contents">
      <ul>
        ${links}
      </ul>
    </nav>
  </header>`;
}
