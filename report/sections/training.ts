import type { Figure } from '../figures/render';
import { html, type Html } from '../html';
import { figureBlock, section } from './parts';

const captions: Readonly<Record<string, string>> = {
  'sft-loss': 'Each step thin, a line fitted to its neighbours thick.',
  'dpo-loss': 'The dotted line is ln 2, where the policy is the reference.',
  'dpo-margin': 'Grows from 0 as the policy tells chosen from rejected.',
  'dpo-chosen': 'Below 0 the chosen answers became less likely too: a known side effect of DPO.',
};

/** Training curves of the largest budget. */
export async function trainingSection(figures: readonly Figure[]): Promise<Html> {
  if (figures.length === 0) return html``;
  const pictures = await Promise.all(
    figures.map((figure) => figureBlock(figure, captions[figure.name] ?? '')),
  );
  return section(
    { id: 'training', title: 'Training curves' },
    html`<p>The stages of the largest budget, first seed.</p>
      <div class="pair">${pictures}</div>`,
  );
}
