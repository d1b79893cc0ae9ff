import type { Stage } from './jobs';
import { median } from './median';
import type { Run, Side } from './sides';
import { printTable } from './table';

type Summary = Readonly<Record<string, string>>;

/** Medians of the runs of one stage by one side. */
function summarise(runs: readonly Run[], tokens: number): Summary {
  const of = (pick: (run: Run) => number): number => median(runs.map(pick));
  const seconds = of((run) => run.stageSeconds);
  return {
    seconds: seconds.toFixed(2),
    wall: of((run) => run.wallSeconds).toFixed(2),
    start: of((run) => run.startSeconds).toFixed(2),
    cpu: of((run) => run.cpuSeconds).toFixed(2),
    stageCpu: of((run) => run.stageCpuSeconds).toFixed(2),
    rate: Math.round(tokens / seconds).toString(),
    rateWall: Math.round(tokens / of((run) => run.wallSeconds)).toString(),
    steps: of((run) => run.steps).toString(),
    lastLoss: of((run) => run.lastLoss).toFixed(4),
    heldOut: of((run) => run.heldOutLoss).toFixed(4),
    memory: Math.round(of((run) => run.peakMemoryBytes) / 2 ** 20).toString(),
  };
}

/** Prints both sides' medians of a stage and their ratios. */
export function printStage(title: string, stage: Stage, runs: readonly Run[], tokens: number): void {
  const by = (side: Side): Summary =>
    summarise(
      runs.filter((run) => run.stage === stage && run.side === side),
      tokens,
    );
  const [ours, theirs] = [by('budgetline'), by('trl')];
  const ratio = (key: string): string => (Number(ours[key]) / Number(theirs[key])).toFixed(2);
  const line = (name: string, key: string, compared = true): string[] => [
    name,
    ours[key] ?? '',
    theirs[key] ?? '',
    compared ? ratio(key) : '',
  ];
  printTable(
    [`${title}, ${tokens} tokens`, 'budgetline', 'TRL + PEFT', 'ours / theirs'],
    [
      line('whole process, s', 'wall'),
      line('start and imports, s', 'start'),
      line('stage, s', 'seconds'),
      line('processor, whole process, s', 'cpu'),
      line('processor, theirs without imports, s', 'stageCpu'),
      line('stage, tokens/s', 'rate'),
      line('process, tokens/s', 'rateWall'),
      line('optimiser steps', 'steps', false),
      line('loss of the last step', 'lastLoss', false),
      line('held-out loss', 'heldOut', false),
      line('peak memory, MiB', 'memory'),
    ],
  );
}
