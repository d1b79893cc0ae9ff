import type { PairEffect, TunedWinner, TuningAnalysis } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { BudgetUnit } from '../../schemas/definition';
import type { Chart } from '../charts/render';
import { addSplit } from '../../contracts/text';
import { pairEffectWords } from '../words';
import { formatBudget, formatCount, formatFraction, formatInterval, formatScore } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, number, section, table } from './parts';
import { intervalOf, reasonCells, signedOf } from './scores';

const readings = (controls: readonly { readonly reading: string }[]): Html[] =>
  controls.map(({ reading }) => html`<p>${reading}</p>`);

function effectCells(one: PairEffect, unit: BudgetUnit): string[] {
  return [
    formatBudget(one.budget, unit),
    formatFraction(one.sftFraction),
    addSplit(one),
    formatScore(one.warmStart.estimate),
    formatScore(one.score.estimate),
    signedOf(one.difference),
    intervalOf(one.difference),
    one.steps === null ? '–' : formatCount(one.steps),
    pairEffectWords(one),
  ];
}

/** What preference tuning added to each cell. */
function pairEffectsTable({ pairEffects, unit }: SubjectAnalysis): Html {
  if (pairEffects.length === 0) return html``;
  const rows = table({
    caption: 'Each cell with pairs less its frozen warm start, paired by item and seed',
    columns: [
      number('Budget'),
      number('SFT share'),
      number('SFT + pairs'),
      number('Warm start'),
      number('With pairs'),
      number('Difference'),
      { title: '95% interval' },
      number('Steps'),
      { title: 'Pairs' },
    ],
    rows: pairEffects.map((one) => ({ cells: effectCells(one, unit) })),
  });
  return html`<h3>What pairs add</h3>
    ${rows}
    <p class="lead">
      At SFT share 0 the warm start is the base model. Pairs add nothing if the interval is within ± the
      margin. Fewer than 10 optimiser steps are under-trained: the score says little about pairs.
    </p>`;
}

/** The best mixtures compared with SFT on the same data. */
async function mixtureControls(
  { controls, failedControls }: SubjectAnalysis,
  charts: readonly Chart[],
): Promise<Html> {
  const failed = failedControls.some(({ kind }) => kind === 'sft-on-chosen' || kind === 'rejection-sampling');
  if (controls.length === 0 && failed) return html``;
  if (controls.length === 0) return html`<p>There is no mixture, or no control of one was requested.</p>`;
  const drawn = await Promise.all(charts.map((chart) => chartBlock(chart, 'Bars are 95% intervals.')));
  const notes = [...new Set(controls.map(({ training }) => training))].filter((text) => text !== '');
  return html`<p>
      A mixture may be good because the verifier selected better data, not because of the preference loss. The
      controls of the best mixture of each budget begin from the same warm start: SFT on the chosen answers of
      the same pairs, and, if requested, on as many rejection samples. Epochs and batch size are those of
      preference tuning.
    </p>
    ${drawn} ${readings(controls)} ${notes.map((note) => html`<p>${note}</p>`)}`;
}

function further({ furtherControls }: SubjectAnalysis): Html {
  if (furtherControls.length === 0) return html``;
  return html`<h3>Baselines without training or without a warm start</h3>
    ${readings(furtherControls)}`;
}

function tunedRow({ setting, sftFraction, score, scores }: TunedWinner, best: boolean) {
  const cells = scores.map((one) => formatScore(one.score.estimate));
  const winner = `SFT share ${formatFraction(sftFraction)}, ${formatScore(score.estimate)}`;
  const { low, high } = score;
  const interval = low === null || high === null ? '–' : formatInterval({ low, high });
  return { cells: [setting, winner, interval, ...cells], best };
}

function tuningTable({ budget, settings, reading }: TuningAnalysis, unit: BudgetUnit): Html {
  const fractions = settings[0]?.scores.map(({ sftFraction }) => sftFraction) ?? [];
  const rows = table({
    caption: `Scores at budget ${formatBudget(budget, unit)} by setting and SFT share`,
    columns: [
      { title: 'Setting' },
      { title: 'Highest' },
      { title: '95% interval' },
      ...fractions.map((fraction) => ({ title: `SFT share ${formatFraction(fraction)}`, number: true })),
    ],
    rows: settings.map((setting, index) => tunedRow(setting, index === 0)),
  });
  return html`<p>${reading}</p>
    ${rows}`;
}

function tuningTables({ tuning, unit }: SubjectAnalysis): Html {
  if (tuning.length === 0) return html``;
  return html`<h3>Does another learning rate or β of preference tuning change the winner?</h3>
    ${tuning.map((one) => tuningTable(one, unit))}`;
}

function failedTable({ failedControls, unit }: SubjectAnalysis): Html {
  if (failedControls.length === 0) return html``;
  return table({
    caption: 'Controls that did not finish, with reason and remedy',
    columns: [
      { title: 'Control' },
      { title: 'Budget', number: true },
      number('SFT share'),
      { title: 'Seed', number: true },
      { title: 'Code' },
      { title: 'Reason', text: true },
      { title: 'Remedy', text: true },
    ],
    rows: failedControls.map(({ kind, setting, budget, sftFraction, seed, ...reason }) => ({
      cells: [
        setting === undefined ? kind : `${kind}, ${setting}`,
        formatBudget(budget, unit),
        formatFraction(sftFraction),
        seed,
        ...reasonCells(reason),
      ],
    })),
  });
}

/** What pairs add, and the controls that a reviewer asks for: the loss, the data, the prompt, the settings. */
export async function controlSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis } = chapter;
  return section(
    chapterHead(chapter, 'control', 'What pairs add, and controls'),
    pairEffectsTable(analysis),
    await mixtureControls(analysis, charts),
    further(analysis),
    tuningTables(analysis),
    failedTable(analysis),
  );
}
