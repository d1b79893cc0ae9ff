import type { SubjectAnalysis, TunedWinner, TuningAnalysis } from '../../contracts/analysis';
import type { BudgetUnit } from '../../schemas/definition';
import type { Chart } from '../charts/render';
import { formatBudget, formatFraction, formatInterval, formatScore } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, chartBlock, section, table } from './parts';
import { reasonCells } from './scores';

const readings = (controls: readonly { readonly reading: string }[]): Html[] =>
  controls.map(({ reading }) => html`<p>${reading}</p>`);

/** A winning mixture beside plain SFT on the same data. */
async function winnerControls(
  { controls, failedControls }: SubjectAnalysis,
  charts: readonly Chart[],
): Promise<Html> {
  const failed = failedControls.some(({ kind }) => kind === 'sft-on-chosen' || kind === 'rejection-sampling');
  if (controls.length === 0 && failed) return html``;
  if (controls.length === 0)
    return html`<p>No mixture won at any budget, or its control was not asked for.</p>`;
  const pictures = await Promise.all(charts.map((chart) => chartBlock(chart, 'Bars are 95 % intervals.')));
  return html`<p>
      A mixture may win because a checker made better data, not because of the preference loss. Its controls
      start from the same warm start: plain SFT on the chosen answers of the very same pairs, and, where it
      was asked for, on as many of its right samples.
    </p>
    ${pictures} ${readings(controls)}`;
}

function further({ furtherControls }: SubjectAnalysis): Html {
  if (furtherControls.length === 0) return html``;
  return html`<h3>Without training, and without a warm start</h3>
    ${readings(furtherControls)}`;
}

function tunedRow({ setting, sftFraction, score, scores }: TunedWinner, best: boolean) {
  const cells = scores.map((one) => formatScore(one.score.estimate));
  const winner = `r = ${formatFraction(sftFraction)}, ${formatScore(score.estimate)}`;
  const { low, high } = score;
  const interval = low === null || high === null ? '–' : formatInterval({ low, high });
  return { cells: [setting, winner, interval, ...cells], best };
}

function tuningTable({ budget, settings, reading }: TuningAnalysis, unit: BudgetUnit): Html {
  const fractions = settings[0]?.scores.map(({ sftFraction }) => sftFraction) ?? [];
  const rows = table({
    caption: `Scores at budget ${formatBudget(budget, unit)} by setting and fraction`,
    columns: [
      { title: 'Setting' },
      { title: 'Highest' },
      { title: '95 % interval' },
      ...fractions.map((fraction) => ({ title: `r = ${formatFraction(fraction)}`, number: true })),
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
    caption: 'Controls that did not finish, why, and what to do',
    columns: [
      { title: 'Control' },
      { title: 'Budget', number: true },
      { title: 'r', number: true },
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

/** What a sceptic asks: is it the preference loss, the data, the prompt, a setting? */
export async function controlSection(chapter: Chapter, charts: readonly Chart[]): Promise<Html> {
  const { analysis } = chapter;
  return section(
    chapterHead(chapter, 'control', 'The preference loss, or just the data?'),
    await winnerControls(analysis, charts),
    further(analysis),
    tuningTables(analysis),
    failedTable(analysis),
  );
}
