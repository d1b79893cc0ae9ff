import { describeLabels, labelQuality } from '../../analysis';
import { type AuditTotals, describeTotals } from '../../contracts/run-timeline';
import { gatherLabels } from '../../contracts/labels';
import { uniqueResults, type StageResult } from '../../contracts/stage';
import type { Ink } from './ink';
import { formatDuration } from './numbers';
import { padRight, wrap } from './text';

/** Summary of a finished run. */
export interface Ending {
  /** From the command to the table, without `acquisitionMs`. */
  readonly elapsedMs: number;
  /** Time to download or build the Temporal server; 0 if it was there. */
  readonly acquisitionMs: number;
  readonly stages: readonly StageResult[];
  /** Totals of the run's ledger; undefined if the ledger is on another host. */
  readonly totals: AuditTotals | undefined;
  /** One for each combination of axis values. */
  readonly reportPaths: readonly string[];
  readonly resultPath: string;
  /** null if no table was written. */
  readonly scoresPath: string | null;
  readonly temporalUi: string | null;
  /** null if the server is not the embedded one. */
  readonly server: { readonly address: string; readonly stopCommand: string } | null;
}

/** Counts of the trainer's warnings by code; the report has the messages. */
function warningsOf(stages: readonly StageResult[]): string[] {
  const codes = uniqueResults(stages).flatMap(({ warnings = [] }) => warnings.map(({ code }) => code));
  const counts = [...new Set(codes)].map((code) => `${code} ${codes.filter((one) => one === code).length}×`);
  if (counts.length === 0) return [];
  return wrap(`Trainer warnings (details in the report): ${counts.join(', ')}.`, { first: '  ' });
}

/** Label quality, if it was measured. */
function labelsOf(stages: readonly StageResult[]): string[] {
  return labelQuality(gatherLabels(uniqueResults(stages))).flatMap((quality) =>
    wrap(`Labels of ${quality.of}: ${describeLabels(quality)}.`, { first: '  ' }),
  );
}

function entry(name: string, value: string, ink: Ink): string {
  return `  ${ink.faint(padRight(name, 9))}  ${value}`;
}

/** Time and work of a run, and the paths of its outputs. */
export function renderEnding(ending: Ending, ink: Ink): string[] {
  const acquired =
    ending.acquisitionMs === 0
      ? ''
      : `, plus ${formatDuration(ending.acquisitionMs)} to install Temporal (once per machine)`;
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
      : wrap(`The Temporal server keeps running at ${server.address}; stop it with: ${server.stopCommand}`, {
          first: '  ',
        }).map(ink.faint)),
  ];
}
