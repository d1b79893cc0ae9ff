import { createPrinter, printJson, type Printer, type PrinterOptions } from '../printer';
import { exitStatusOfResult, exitStatusOfSignal } from '../exit-status';
import { Interrupted, listenForInterruption, type Interruption, type StopSignal } from '../interruption';
import type { DefinitionFlags } from '../../app/definition/definition-options';
import { prepareSweep, type PlannedSweep } from '../../app/plan/planned-sweep';
import { renderEnding } from '../print/ending';
import { renderPlan } from '../print/plan';
import { renderParts } from '../print/parts';
import { renderSearch } from '../print/search';
import { renderSpend } from '../print/spend';
import { wrap } from '../print/text';
import { createProgressView, type ProgressView } from '../progress-view';
import { analysesOf, writeReport, type ReportFiles, type SweepRecord } from '../../app/results/report-files';
import { commandOf, resumeCommand, type Invocation } from '../resume-command';
import { findTemporal, type TemporalPlace } from '../../app/run/temporal';
import { followSweep, type FollowedSweep } from '../../app/run/follow-sweep';
import { createRunWorkers } from '../run-workers';
import type { WorkerProcesses } from '../../app/run/worker-processes';

export interface RunFlags extends DefinitionFlags, PrinterOptions {
  readonly plan?: boolean;
}

/** What the parts of one run share. */
interface Run {
  readonly planned: PlannedSweep;
  readonly printer: Printer;
  readonly view: ProgressView;
  readonly interruption: Interruption;
  readonly invocation: Invocation;
  /** Aborted when there is no going on. */
  readonly hopeless: AbortController;
  workers: WorkerProcesses | undefined;
}

function createRun(planned: PlannedSweep, printer: Printer): Run {
  const view = createProgressView(printer);
  const onFirst = (): void =>
    view.notice('Stopping: running stages write checkpoints first. Once more stops at once.');
  const onSecond = (name: StopSignal): never => {
    run.workers?.kill();
    view.notice(`Stopped at once. To go on:\n  ${resumeCommand(run.invocation)}`);
    process.exit(exitStatusOfSignal(name));
  };
  const run: Run = {
    planned,
    printer,
    view,
    interruption: listenForInterruption({ onFirst, onSecond }),
    invocation: { argv: process.argv, env: process.env, cwd: process.cwd() },
    hopeless: new AbortController(),
    workers: undefined,
  };
  return run;
}

async function openTemporal({ planned, printer, interruption }: Run): Promise<TemporalPlace> {
  const { home } = planned.store.paths;
  const onProgress = (text: string): void => printer.print([text]);
  const place = await interruption.unlessInterrupted(findTemporal({ home, env: process.env, onProgress }));
  printer.print(wrap(place.origin));
  return place;
}

function recordOf({ planned }: Run, { result, run }: FollowedSweep): SweepRecord {
  const { resolved, places } = planned;
  return { definition: resolved.definition, places, result, run };
}

function showEnding(run: Run, place: TemporalPlace, files: ReportFiles, followed: FollowedSweep): void {
  const { printer, invocation } = run;
  const { result } = followed;
  const { definition } = run.planned.resolved;
  const { embedded } = place;
  const { cells, controls, failedControls } = result;
  const results = [...cells, ...controls, ...failedControls].flatMap(({ stages }) => stages);
  const ending = renderEnding(
    {
      elapsedMs: performance.now() - place.acquisitionMs,
      acquisitionMs: place.acquisitionMs,
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

/** From a server that answers to the table. */
async function runOn(place: TemporalPlace, run: Run, json: boolean): Promise<number> {
  run.workers = createRunWorkers(place, {
    home: run.planned.store.paths.home,
    tasksFile: run.planned.tasksFile,
    onNotice: (text) => run.view.notice(text),
    onGiveUp: (error) => run.hopeless.abort(error),
  });
  run.workers.start();
  const signal = AbortSignal.any([run.interruption.signal, run.hopeless.signal]);
  const followed = await followSweep(place, { ...run, signal });
  run.view.end();
  const draining = run.workers.stop();
  const record = recordOf(run, followed);
  const files = await writeReport(run.planned.store, record);
  await draining;
  showEnding(run, place, files, followed);
  if (json) printJson({ ...record, ...analysesOf(files.parts) });
  return exitStatusOfResult(record.result);
}

async function endInterrupted(run: Run, { stopSignal }: Interrupted): Promise<number> {
  run.view.end();
  await run.workers?.stop();
  run.printer.print([
    'Stopped. What is finished stays in the store. To go on:',
    `  ${resumeCommand(run.invocation)}`,
  ]);
  return exitStatusOfSignal(stopSignal);
}

async function execute(run: Run, json: boolean): Promise<number> {
  try {
    await run.planned.store.prepare();
    return await runOn(await openTemporal(run), run, json);
  } catch (error) {
    if (error instanceof Interrupted) return await endInterrupted(run, error);
    run.view.end();
    throw error;
  } finally {
    await run.workers?.stop();
  }
}

/**
 * `budgetline run FILE`: plans a sweep, finds or starts Temporal, runs it with workers of its own, shows where it
 * stands, and ends with its results. Gives the exit status: 0, 1 where something is missing from the tables, 128 + n after a signal.
 */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const printer = createPrinter(flags);
  const planned = await prepareSweep(file, flags);
  const { summary, resolved } = planned;
  printer.print(renderPlan(summary, resolved.definition, printer.ink));
  if (flags.plan !== true) return execute(createRun(planned, printer), flags.json === true);
  if (flags.json === true) printJson({ ...summary, definition: resolved.definition });
  return 0;
}
