import type { ItemResult } from '../../schemas/rows';
import { formatScore } from '../format';
import { html, type Html } from '../html';
import { section } from './parts';

/** Answers of one model to the items that cells are compared on, in their order. */
export interface AnswerSet {
  readonly name: string;
  readonly items: readonly ItemResult[];
}

const shownItems = 4;

/** Graded scores are shown as numbers. */
function verdictOf(score: number): string {
  if (score === 1) return '✓ correct';
  return score === 0 ? '✗ incorrect' : `◐ ${formatScore(score)} of 1`;
}

function stateOf(item: ItemResult): string {
  const words = [verdictOf(item.score)];
  words.push(item.wellFormed ? 'well-formed' : 'not well-formed');
  if (item.truncated) words.push('truncated');
  if (item.finish === 'length') words.push('no end of sequence');
  words.push(`${item.tokens.toString()} tokens`);
  return words.join(' · ');
}

function sample(name: string, item: ItemResult | undefined): Html {
  if (item === undefined) return html``;
  const text = item.completion.trim() === '' ? '(empty)' : item.completion;
  return html`<div class="sample">
    <h4>${name}</h4>
    <pre>${text}</pre>
    <p class="state">${stateOf(item)}</p>
  </div>`;
}

function itemBlock(sets: readonly AnswerSet[], item: ItemResult): Html {
  const answers = sets.map(({ name, items }) =>
    sample(
      name,
      items.find(({ id }) => id === item.id),
    ),
  );
  return html`<h3>Item ${item.id}, target ${item.target}</h3>
    <blockquote><pre>${item.prompt}</pre></blockquote>
    <div class="samples">${answers}</div>`;
}

/** The first items, not selected, with each model's answer. */
export function samplesSection(sets: readonly AnswerSet[]): Html {
  const items = sets.find((set) => set.items.length > 0)?.items.slice(0, shownItems) ?? [];
  if (items.length === 0) return html``;
  const lead = html`<p>The first ${items.length} items, not selected. Prompts and answers are verbatim.</p>`;
  return section(
    { id: 'samples', title: 'Sample outputs' },
    lead,
    ...items.map((item) => itemBlock(sets, item)),
  );
}
