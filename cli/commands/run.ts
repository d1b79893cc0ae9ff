import { recordOf } from '../../app/run/run-sweep';
import { executeSweep, type ExecuteOptions } from '../../app/run/execute-sweep';
import type { FollowedSweep } from '../../app/run/follow-sweep';
import { findTemporal, type TemporalServer } from '../../app/run/temporal';
import type { WorkerProcesses } from '../../app/run/worker-processes';
import { analysesOf, writeReport, type ReportFiles } from '../../app/results/report-files';
import { createPrinter, printJson, type Printer, type PrinterOptions } from '../printer';
import { exitStatusOfResult, exitStatusOfSignal } from '../exit-status';
import { Interrupted, listenForInterruption, type StopSignal } from '../interruption';
import type { DefinitionOptions } from '../../app/definition/definition-options';
import { planFile, type PlannedFile } from '../planned-file';
import { renderEnding } from '../print/ending';
import { renderPipeline, stagesJson } from '../print/pipeline';
import { renderPlan } from '../print/plan';
import { renderParts } from '../print/parts';
import { renderSearch } from '../print/search';
import { renderSpend } from '../print/spend';
import { describeTemporal } from '../print/temporal';
import { renderTrials } from '../print/trial';
import { wrap } from '../print/text';
import { createProgressView, type ProgressView } from '../progress-view';
import { commandOf, resumeCommand, type Invocation } from '../resume-command';
import { startRunWorkers } from '../run-workers';

export interface RunFlags extends DefinitionOptions, PrinterOptions {
  readonly plan?: boolean;
}

/** State of one run. */
interface Run extends PlannedFile {
  readonly printer: Printer;
  readonly view: ProgressView;
  /** Aborted by the first signal; the reason is an `Interrupted`. */
  readonly signal: AbortSignal;
  readonly invocation: Invocation;
  workers: WorkerProcesses | undefined;
}

function createRun(file: PlannedFile, printer: Printer): Run {
  const view = createProgressView(printer);
  const onFirst = (): void =>
    view.notice('Stopping: running stages save checkpoints first. Press again to stop immediately.');
  const onSecond = (name: StopSignal): never => {
    run.workers?.kill();
    view.notice(`Stopped immediately. To continue:\n  ${resumeCommand(run.invocation)}`);
    process.exit(exitStatusOfSignal(name));
  };
  const { signal } = listenForInterruption({ onFirst, onSecond });
  signal.addEventListener('abort', () => view.end());
  const invocation = { argv: process.argv, env: process.env, cwd: process.cwd() };
  const run: Run = { ...file, printer, view, signal, invocation, workers: undefined };
  return run;
}

async function openTemporal({ planned, printer }: Run): Promise<TemporalServer> {
  const { home } = planned;
  const onProgress = (text: string): void => printer.print([text]);
  const server = await findTemporal({ home, env: process.env, onProgress });
  printer.print(wrap(describeTemporal(server)));
  return server;
}

/** The run's callbacks. Progress is shown until the first signal. */
function executionOf(run: Run): ExecuteOptions {
  const { planned, tasksFile, view, signal } = run;
  const onNotice = (text: string): void => view.notice(text);
  return {
    openTemporal: () => openTemporal(run),
    startWorkers: (server, onGiveUp) =>
      (run.workers = startRunWorkers(planned, server, { tasksFile, onNotice, onGiveUp })),
    onProgress: (progress) => {
      if (!signal.aborted) view.show(progress);
    },
    onNotice,
    signal,
  };
}

function showEnding(run: Run, server: TemporalServer, files: ReportFiles, followed: FollowedSweep): void {
  const { printer, invocation } = run;
  const { result } = followed;
  const { definition } = run.planned.resolved;
  const { embedded } = server;
  const { cells, controls, failedControls, tests } = result;
  const results = [...cells, ...controls, ...failedControls, ...tests].flatMap(({ stages }) => stages);
  const ending = renderEnding(
    {
      elapsedMs: performance.now() - server.acquisitionMs,
      acquisitionMs: server.acquisitionMs,
      stages: [...result.baseStages, ...results],
      totals: files.totals,
      reportPaths: files.parts.map(({ reportPath }) => reportPath),
      resultPath: files.resultPath,
      scoresPath: files.scoresPath,
      temporalUi: followed.run.temporalUi ?? null,
      server:
        embedded === null
          ? null
          : { address: embedded.address, stopCommand: commandOf(['server', 'stop'], invocation) },
    },
    printer.ink,
  );
  printer.print([
    ...['', ...renderParts(files.parts, printer.ink), ''],
    ...renderSearch({ search: result.search, definition }, printer.ink),
    ...renderSpend({ spend: result.spend, definition, parts: files.parts }, printer.ink),
    ...ending,
  ]);
}

/** Writes the report of a finished sweep. The returned function prints it and returns the exit status. */
async function finish(
  run: Run,
  { followed, server, json }: { followed: FollowedSweep; server: TemporalServer; json: boolean },
): Promise<() => number> {
  run.view.end();
  const record = recordOf(run.planned, followed);
  const files = await writeReport(record, { store: run.planned.store });
  return () => {
    showEnding(run, server, files, followed);
    if (json) printJson({ ...record, ...analysesOf(files.parts) });
    return exitStatusOfResult(record.result);
  };
}

function endInterrupted({ printer, invocation }: Run, { stopSignal }: Interrupted): number {
  printer.print([
    'Stopped. Finished stages stay in the store. To continue:',
    `  ${resumeCommand(invocation)}`,
  ]);
  return exitStatusOfSignal(stopSignal);
}

async function execute(run: Run, json: boolean): Promise<number> {
  try {
    const show = await executeSweep(run.planned, executionOf(run), (followed, server) =>
      finish(run, { followed, server, json }),
    );
    return show();
  } catch (error) {
    run.view.end();
    if (error instanceof Interrupted) return endInterrupted(run, error);
    throw error;
  }
}

/**
 * `budgetline run FILE`: plans a sweep, finds or starts Temporal, runs the sweep with its own workers, shows progress and
 * prints the results.
 *
 * @returns the exit status: 0; 1 if a cell or control has no score; 128 + n after a signal
 */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const printer = createPrinter(flags);
  const found = await planFile(file, flags);
  const { planned } = found;
  const { summary, resolved, trials } = planned;
  const { definition } = resolved;
  printer.print([
    ...renderPlan(summary, definition, printer.ink),
    ...renderPipeline(planned, printer.ink),
    ...renderTrials(planned, definition, printer.ink),
  ]);
  if (flags.plan !== true) return execute(createRun(found, printer), flags.json === true);
  if (flags.json === true) printJson({ ...summary, trials, ...stagesJson(planned), definition });
  return 0;
}
