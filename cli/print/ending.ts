import { describeLabels, labelQuality } from '../../analysis';
import { type AuditTotals, describeTotals } from '../../contracts/run-timeline';
import { gatherLabels } from '../../contracts/labels';
import { uniqueResults, type StageResult } from '../../contracts/stage';
import type { Ink } from './ink';
import { formatDuration } from './numbers';
import { padRight, wrap } from './text';

/** How a run went and what it left. */
export interface Ending {
  /** From the command to the table, without getting Temporal. */
  readonly elapsedMs: number;
  /** Fetching or building the Temporal program; 0 where it was there. */
  readonly acquisitionMs: number;
  readonly stages: readonly StageResult[];
  /** What the run came to, by its ledger; undefined where that is elsewhere. */
  readonly totals: AuditTotals | undefined;
  /** One for each place on the sweep's axes. */
  readonly reportPaths: readonly string[];
  readonly resultPath: string;
  /** Null where there is no such table. */
  readonly scoresPath: string | null;
  readonly temporalUi: string | null;
  /** Present where a server of ours goes on running. */
  readonly server: { readonly address: string; readonly stopCommand: string } | null;
}

/** How often the training executable warned of what; the report has the words. */
function warningsOf(stages: readonly StageResult[]): string[] {
  const codes = uniqueResults(stages).flatMap(({ warnings = [] }) => warnings.map(({ code }) => code));
  const counts = [...new Set(codes)].map((code) => `${code} ${codes.filter((one) => one === code).length}×`);
  if (counts.length === 0) return [];
  return wrap(`The trainer warned, and the report says where: ${counts.join(', ')}.`, { first: '  ' });
}

/** How far the labels can be trusted, where that is known. */
function labelsOf(stages: readonly StageResult[]): string[] {
  return labelQuality(gatherLabels(uniqueResults(stages))).flatMap((quality) =>
    wrap(`Labels of ${quality.of}: ${describeLabels(quality)}.`, { first: '  ' }),
  );
}

function entry(name: string, value: string, ink: Ink): string {
  return `  ${ink.faint(padRight(name, 9))}  ${value}`;
}

/** What a run took and did, and where everything lies. */
export function renderEnding(ending: Ending, ink: Ink): string[] {
  const acquired =
    ending.acquisitionMs === 0
      ? ''
      : `, and ${formatDuration(ending.acquisitionMs)} to get Temporal, once on this machine`;
  const work = ending.totals === undefined ? '' : `: ${describeTotals(ending.totals)}`;
  const time = `Done in ${formatDuration(ending.elapsedMs)}${acquired}${work}.`;
  const { server } = ending;
  return [
    ...wrap(time).map(ink.strong),
    ...warningsOf(ending.stages).map(ink.doubtful),
    ...labelsOf(ending.stages),
    ...ending.reportPaths.map((path) => entry('Report', path, ink)),
    entry('Result', ending.resultPath, ink),
    ...(ending.scoresPath === null ? [] : [entry('Scores', ending.scoresPath, ink)]),
    ...(ending.temporalUi === null ? [] : [entry('Temporal', ending.temporalUi, ink)]),
    ...(server === null
      ? []
      : wrap(
          `The Temporal server goes on running at ${server.address}; stop it with: ${server.stopCommand}`,
          {
            first: '  ',
          },
        ).map(ink.faint)),
  ];
}
