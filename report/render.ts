import { nameSubject } from '../analysis';
import { listCharts, planCharts } from './charts';
import type { Chart } from './charts/render';
import { sentenceCase } from './format';
import type { Html } from './html';
import type { Chapter, ReportInput, TableReportInput } from './input';
import { contentsOf, renderPage } from './page';
import { answerHeader } from './sections/answer';
import { auxiliarySection } from './sections/auxiliary';
import { claimsSection } from './sections/claims';
import { coldStartSection } from './sections/cold-start';
import { controlSection } from './sections/control';
import { costsSection } from './sections/costs';
import { dataSection } from './sections/data';
import { findingsSection } from './sections/findings';
import { moneySection } from './sections/money';
import { otherEvaluations, stagesOfCells } from './sections/pipeline';
import { placesSection } from './sections/places';
import { provenanceSection } from './sections/provenance';
import { samplesSection } from './sections/samples';
import { cellsSection, furtherScores, scoresSection } from './sections/scores';
import { searchSection } from './sections/search';
import { tableHeader } from './sections/table-header';
import { trainingSection } from './sections/training';

function sweepChapter({ analysis, loss }: ReportInput): Chapter {
  return { analysis, loss, metric: sentenceCase(analysis.metric), prefix: '', name: '' };
}

async function sweepSections(input: ReportInput): Promise<Html[]> {
  const chapter = sweepChapter(input);
  const charts = planCharts(chapter, input.training);
  return [
    await scoresSection(chapter, charts.scores),
    placesSection(input.places),
    await coldStartSection(chapter, charts.coldStart),
    findingsSection(chapter),
    await controlSection(chapter, charts.control),
    auxiliarySection(chapter),
    await moneySection(chapter, charts.money),
    claimsSection(chapter),
    searchSection(input),
    await trainingSection(charts.training, input.loss),
    samplesSection(input.answers),
    cellsSection(chapter, furtherScores(input), otherEvaluations(input), stagesOfCells(input)),
    dataSection(input),
    costsSection(input),
    provenanceSection(input),
  ];
}

/**
 * Renders a sweep's report.
 *
 * @returns one HTML document with its charts inside: no scripts, no fetches, and the same bytes for the same input.
 */
export async function renderReport(input: ReportInput): Promise<string> {
  const body = await sweepSections(input);
  return renderPage({
    title: input.definition.name,
    header: answerHeader(input, contentsOf(body)),
    body,
    packageVersion: input.run.packageVersion,
  });
}

function tableChapters({ analyses }: TableReportInput): Chapter[] {
  return analyses.map((analysis, index) => ({
    analysis,
    metric: sentenceCase(analysis.metric),
    prefix: analyses.length === 1 ? '' : `t${index + 1}-`,
    name: analyses.length === 1 ? '' : nameSubject(analysis),
  }));
}

async function chapterSections(chapter: Chapter): Promise<Html[]> {
  const charts = planCharts(chapter, []);
  return [
    await scoresSection(chapter, charts.scores),
    await coldStartSection(chapter, charts.coldStart),
    findingsSection(chapter),
    await moneySection(chapter, charts.money),
    claimsSection(chapter),
    cellsSection(chapter),
  ];
}

/** Renders the report of a table of scores, a chapter for each task, model and place on the axes; as pure as `renderReport`. */
export async function renderTableReport(input: TableReportInput): Promise<string> {
  const chapters = tableChapters(input);
  const body = await Promise.all(chapters.map(chapterSections));
  const places = chapters.map(({ analysis, prefix }) => ({ analysis, href: `#${prefix}scores` }));
  return renderPage({
    title: input.source,
    header: tableHeader(input, chapters),
    body: [placesSection(places), ...body.flat()],
    packageVersion: input.packageVersion,
  });
}

/** The charts of a sweep's report. */
export function reportCharts(input: ReportInput): Chart[] {
  return listCharts(planCharts(sweepChapter(input), input.training));
}

/** The charts of a table's report. */
export function tableCharts(input: TableReportInput): Chart[] {
  return tableChapters(input).flatMap((chapter) => listCharts(planCharts(chapter, [])));
}
