import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { describeCoordinates } from '../../core/coordinates';
import type { ReportPart } from '../../app/results/report-files';
import { renderAuxiliary } from './auxiliary';
import { renderBest } from './best';
import { renderControls } from './controls';
import type { Ink } from './ink';
import { renderResults } from './results';
import { renderScores } from './scores';
import { renderWinners } from './winners';

type Parts = readonly [ReportPart, ...ReportPart[]];

const hasControls = ({ controls, furtherControls, tuning }: SubjectAnalysis): boolean =>
  controls.length + furtherControls.length + tuning.length > 0;

/** Scores of one combination of axis values; the report has the rest. */
function renderPart(analysis: SubjectAnalysis, ink: Ink): string[] {
  const blocks = [
    renderScores(analysis, ink),
    renderBest(analysis, ink),
    ...(hasControls(analysis) ? [renderControls(analysis, ink)] : []),
    ...(analysis.auxiliary.length > 0 ? [renderAuxiliary(analysis, ink)] : []),
  ];
  const title = ink.strong(`── ${describeCoordinates(analysis.axes)}`);
  return [title, ...blocks.flatMap((block) => ['', ...block]), ''];
}

/** Results of a finished sweep. With axes: one block for each combination of values, then a table of winners. */
export function renderParts(parts: Parts, ink: Ink): string[] {
  const [{ analysis: first }] = parts;
  if (first.axes === undefined) return renderResults(first, ink);
  const analyses = parts.map(({ analysis }) => analysis);
  return [...analyses.flatMap((analysis) => renderPart(analysis, ink)), ...renderWinners(analyses, ink)];
}
