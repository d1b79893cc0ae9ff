import type { TunedWinner, TuningAnalysis } from '../../contracts/analysis/controls';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { BudgetUnit } from '../../schemas/definition';
import type { Chart } from '../charts/render';
import { formatBudget, formatFraction, formatInterval, formatScore } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, number, section, table } from './parts';
import { reasonCells } from './scores';

const readings = (controls: readonly { readonly reading: string }[]): Html[] =>
  controls.map(({ reading }) => html`<p>${reading}</p>`);

/** Winning mixtures compared with SFT on the same data. */
async function winnerControls(
  { controls, failedControls }: SubjectAnalysis,
  charts: readonly Chart[],
): Promise<Html> {
  const failed = failedControls.some(({ kind }) => kind === 'sft-on-chosen' || kind === 'rejection-sampling');
  if (controls.length === 0 && failed) return html``;
  if (controls.length === 0)
    return html`<p>No mixture won, or no ablation was requested, so no ablation was run.</p>`;
  const drawn = await Promise.all(charts.map((chart) => chartBlock(chart, 'Bars are 95% intervals.')));
  return html`<p>
      A mixture may win because the verifier selected better data, not because of the preference loss. Its
      ablations begin from the same warm start: SFT on the chosen answers of the same pairs, and, if
      requested, on as many rejection samples.
    </p>
    ${drawn} ${readings(controls)}`;
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

/** Ablations that a reviewer asks for: the preference loss, the data, the prompt, the settings. */
export async function controlSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis } = chapter;
  return section(
    chapterHead(chapter, 'control', 'Ablations: preference loss or data?'),
    await winnerControls(analysis, charts),
    further(analysis),
    tuningTables(analysis),
    failedTable(analysis),
  );
}
