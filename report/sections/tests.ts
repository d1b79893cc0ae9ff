import type { TestAnalysis } from '../../contracts/analysis/splits';
import { formatDifference } from '../../contracts/text';
import { formatBudget, formatCount, formatFraction, formatInterval, formatScore } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { number, table } from './parts';

function nameTested({ sftFraction, control }: TestAnalysis): string {
  if (sftFraction === null)
    return control === null ? 'Base model' : `Base model, demonstrations in its prompt (${control.kind})`;
  const share = `SFT share ${formatFraction(sftFraction)}`;
  return control === null ? share : `${control.setting ?? control.kind}, control of ${share}`;
}

/** The base model, then each budget's split followed by its controls. */
const byBudget = (tests: readonly TestAnalysis[]): TestAnalysis[] =>
  [...tests].sort((a, b) => (a.budget ?? 0) - (b.budget ?? 0));

/** What was chosen by validation items, scored once on test items. */
export function testTable({ analysis, metric }: Chapter): Html {
  if (analysis.tests.length === 0) return html``;
  return table({
    caption: 'What was chosen, on test items',
    columns: [
      number('Budget'),
      { title: 'Model' },
      number(metric),
      { title: '95% interval' },
      { title: 'Difference from base' },
      number('Items'),
    ],
    rows: byBudget(analysis.tests).map((test) => ({
      cells: [
        test.budget === null ? '–' : formatBudget(test.budget, analysis.unit),
        nameTested(test),
        formatScore(test.score.estimate),
        test.score.low === null || test.score.high === null
          ? '–'
          : formatInterval({ low: test.score.low, high: test.score.high }),
        test.aboveBase === null ? '–' : formatDifference(test.aboveBase),
        formatCount(test.items),
      ],
    })),
  });
}
