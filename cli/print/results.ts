import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { renderAuxiliary } from './auxiliary';
import { renderBest } from './best';
import { renderClaims } from './claims';
import { renderControls } from './controls';
import { renderColdStart } from './diagnosis';
import { renderFindings, renderPrices } from './findings';
import type { Ink } from './ink';
import { renderScores } from './scores';
import { wrap } from './text';

function renderAnswer({ answer }: SubjectAnalysis, ink: Ink): string[] {
  return [ink.strong('Answer'), ...answer.split('\n').flatMap((text) => wrap(text, { first: '  ' }))];
}

function renderNotes({ notes }: SubjectAnalysis, ink: Ink): string[] {
  return notes.length === 0
    ? []
    : [ink.strong('Notes'), ...notes.flatMap((note) => wrap(note, { first: '  ' }))];
}

/** Results of a finished sweep, block by block, the answer last. */
export function renderResults(analysis: SubjectAnalysis, ink: Ink): string[] {
  const blocks = [
    renderScores(analysis, ink),
    renderBest(analysis, ink),
    renderColdStart(analysis, ink),
    renderFindings(analysis, ink),
    renderControls(analysis, ink),
    renderAuxiliary(analysis, ink),
    renderPrices(analysis, ink),
    renderClaims(analysis, ink),
    renderNotes(analysis, ink),
    renderAnswer(analysis, ink),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}
