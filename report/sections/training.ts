import type { LossFacts } from '../../losses/facts';
import type { Chart } from '../charts/render';
import { html, type Html } from '../html';
import { chartBlock, section } from './parts';

const startWords = ({ lossAtReference: start }: LossFacts): string => {
  if (start === null) return '';
  const value = start === Math.LN2 ? 'ln 2' : start.toPrecision(3);
  return `The dotted line is ${value}, where the policy is the reference.`;
};

const heldOutRows = 'Held-out rows are reference answers of validation problems, which nothing trains on.';
const circles = 'Circles, if any, are the loss on held-out rows before the first step and after each epoch.';

/** Captions of the training charts under a loss. */
function captionsOf(loss: LossFacts): Readonly<Record<string, string>> {
  const alone = !loss.needsReference;
  return {
    'sft-loss': `Each step thin, a line fitted to its neighbours thick. ${circles} ${heldOutRows} Where they rise while the line falls, the model overfits.`,
    'preference-loss': startWords(loss),
    'preference-margin': alone
      ? 'Grows as the policy comes to prefer chosen to rejected; this loss has no reference.'
      : 'Grows from 0 as the policy comes to prefer chosen to rejected.',
    'preference-chosen': alone
      ? 'Where it falls, the chosen answers become less likely.'
      : 'Below 0 the chosen answers are less likely than under the reference: a known side effect.',
    'preference-held-out': `Before the first step and after each epoch. ${heldOutRows} Where it rises, the model unlearns how they are written.`,
  };
}

/** Training curves of the largest budget. */
export async function trainingSection(charts: readonly Chart[], loss: LossFacts): Promise<Html> {
  if (charts.length === 0) return html``;
  const captions = captionsOf(loss);
  const drawn = await Promise.all(charts.map((chart) => chartBlock(chart, captions[chart.name] ?? '')));
  return section(
    { id: 'training', title: 'Training curves' },
    html`<p>Stages of the largest budget, first finished seed.</p>
      <div class="pair">${drawn}</div>`,
  );
}
