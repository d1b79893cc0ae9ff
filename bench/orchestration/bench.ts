import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { connect, startSweep, watchSweep } from '../../client';
import { resolveDefinition } from '../../definitions';
import type { ResolvedSweep } from '../../contracts/resolved';
import { planGrid, type SweepPlan } from '../../planning';
import { defineSweep } from '../../definitions';
import { createFolderStore } from '../../store';
import { gradeSchoolMathDefaults } from '../../tasks';
import { coinTask } from '../../test/support/coin-task';
import { builtInTasks, ensureServer, stopServers, type EmbeddedServer } from '../../workers';
import { printTable } from '../table';
import type { bareActivities, bareCells } from './workflows';

/** Cells, or bare activities, in flight at once. */
const width = 60;

const mostEvents = 10_000;
const mostMemoryMb = 1_024;
/** Least rate, relative to bare cells: the server adds a workflow task for each stage of a child. */
const leastOfCells = 0.7;
/** Mean number of stages of a cell. */
const stagesACell = 5;

/** Half of the cells have four stages, half have six, and each has its own seed, so that almost nothing is shared. */
async function resolveMany(cells: number): Promise<ResolvedSweep> {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'orchestration',
    task: 'coin',
    annotator: 'counter',
    controls: [],
    data: { source: 'synthetic', pool: 64, validation: 4, test: 16 },
    budgets: [8],
    sftFractions: [1, 0.5],
    seeds: Array.from({ length: Math.ceil(cells / 2) }, (_, seed) => seed),
    evaluation: { items: 8, maxNewTokens: 8 },
  });
  return resolveDefinition(definition, { tasks: [coinTask, ...builtInTasks] });
}

interface Usage {
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

/** The workers' process and its own measurements. */
interface Workers {
  readonly child: ChildProcess;
  readonly usages: Usage[];
  readonly serverPid: number;
}

async function startWorkers(words: readonly string[], serverPid: number): Promise<Workers> {
  const script = join(__dirname, 'worker.ts');
  const args = ['-r', 'ts-node/register/transpile-only', script, ...words];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const usages: Usage[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => usages.push(JSON.parse(line) as Usage));
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the workers ended'))),
  ]);
  return { child, usages, serverPid };
}

/** Processor time of a process so far, to the second: "[[days-]hours:]minutes:seconds". */
function cpuSecondsOf(pid: number): number {
  const text = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return text.split(/[-:]/).reduce((total, part, index, { length }) => {
    const unit = [1, 60, 3_600, 86_400][length - 1 - index] ?? 0;
    return total + Number(part) * unit;
  }, 0);
}

const cpuMsOf = ({ usages, serverPid }: Workers): number =>
  (usages.at(-1)?.cpuMs ?? 0) + cpuSecondsOf(serverPid) * 1000;

interface Measured {
  readonly activities: number;
  readonly seconds: number;
  /** Of workers and server. */
  readonly cpuMs: number;
  /** Largest resident memory of the workers meanwhile. */
  readonly peakMb: number;
}

async function timed(activities: number, workers: Workers, work: () => Promise<unknown>): Promise<Measured> {
  const [from, before, startedMs] = [workers.usages.length, cpuMsOf(workers), performance.now()];
  await work();
  const seconds = (performance.now() - startedMs) / 1000;
  const memory = workers.usages.slice(from).map(({ memoryBytes }) => memoryBytes);
  return { activities, seconds, cpuMs: cpuMsOf(workers) - before, peakMb: Math.max(...memory) / 2 ** 20 };
}

/** Number of activities of the cells and the base model. */
const countStages = ({ cells, base }: SweepPlan): number =>
  cells.reduce((sum, { stages }) => sum + stages.length, base.length);

const taskQueue = 'bare';

function runBare(client: Client, count: number): Promise<unknown> {
  const args: Parameters<typeof bareActivities> = [{ count, width }];
  return client.workflow.execute<typeof bareActivities>('bareActivities', {
    taskQueue,
    args,
    workflowId: 'bare-activities',
  });
}

function runBareCells(client: Client, cells: number): Promise<unknown> {
  const args: Parameters<typeof bareCells> = [{ cells, activities: stagesACell, width }];
  return client.workflow.execute<typeof bareCells>('bareCells', {
    taskQueue,
    args,
    workflowId: 'bare-cells',
  });
}

/** The longest history among the runs of a sweep and its cells. */
async function longestHistory(client: Client, sweepId: string): Promise<number> {
  let longest = 0;
  const query = `WorkflowId = '${sweepId}' OR ParentWorkflowId = '${sweepId}'`;
  for await (const { historyLength } of client.workflow.list({ query }))
    longest = Math.max(longest, historyLength);
  return longest;
}

interface Swept extends Measured {
  readonly longestHistory: number;
  /** Cells that are neither done nor failed. */
  readonly lost: number;
}

async function runSweep(
  client: Client,
  workers: Workers,
  options: { readonly resolved: ResolvedSweep; readonly home: string },
): Promise<Swept> {
  const { resolved, home } = options;
  const plan = await planGrid(resolved);
  let done = 0;
  const measured = await timed(countStages(plan), workers, async () => {
    const started = await startSweep(resolved, { client, orchestration: { maxConcurrentCells: width } });
    const onStatus = (): void => undefined;
    const store = createFolderStore(home);
    const watched = { client, plan, started, store, onStatus, intervalMs: 3_600_000 };
    done = (await watchSweep(watched)).cells.length;
  });
  const lost = plan.cells.length - done;
  return { ...measured, lost, longestHistory: await longestHistory(client, plan.sweepId) };
}

/** One line for each condition that does not hold. */
function listBroken(swept: Swept, ratio: number | undefined): string[] {
  return [
    ...(swept.lost > 0 ? [`${swept.lost} cells are lost`] : []),
    ...(swept.longestHistory > mostEvents ? [`a history has ${swept.longestHistory} events`] : []),
    ...(swept.peakMb > mostMemoryMb ? [`the workers took ${Math.round(swept.peakMb)} MiB`] : []),
    ...(ratio !== undefined && ratio < leastOfCells
      ? [`${ratio.toFixed(2)} of the bare cells per second, less than ${leastOfCells}`]
      : []),
  ];
}

interface Rates {
  readonly bare: Measured;
  readonly bareCells: Measured;
  readonly swept: Swept;
}

const rateOf = ({ activities, seconds }: Measured): number => activities / seconds;
const cpuOf = ({ activities, cpuMs }: Measured): number => cpuMs / activities;

function printMeasured({ bare, bareCells: cells, swept }: Rates, form: string): void {
  const row = (name: string, measured: Measured, events: string): string[] => [
    ...[name, String(measured.activities), measured.seconds.toFixed(1), rateOf(measured).toFixed(1)],
    ...[cpuOf(measured).toFixed(1), (rateOf(measured) / rateOf(bare)).toFixed(2)],
    ...[(cpuOf(bare) / cpuOf(measured)).toFixed(2), measured.peakMb.toFixed(0), events],
  ];
  printTable(
    [
      ...['', 'activities', 'seconds', 'per second', 'CPU ms each', 'of bare', 'by CPU'],
      ...['workers’ peak, MiB', 'longest history'],
    ],
    [
      row('bare activities', bare, ''),
      row('a bare child for each cell', cells, ''),
      row(form, swept, String(swept.longestHistory)),
    ],
  );
}

const forms = {
  idle: 'sweep, stages that return at once',
  trainer: 'sweep, an idle process for each stage',
} as const;

interface MeasureOptions {
  readonly form: keyof typeof forms;
  readonly cells: number;
  readonly folder: string;
  readonly server: EmbeddedServer;
}

async function bundleBare(path: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, 'workflows.ts'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(path, code);
  return path;
}

async function measure(client: Client, options: MeasureOptions): Promise<string[]> {
  const { form, cells, folder, server } = options;
  const home = join(folder, form);
  const resolved = await resolveMany(cells);
  const bundle = await bundleBare(join(folder, 'bare.js'));
  const workers = await startWorkers([server.address, form, home, bundle], server.pid);
  try {
    const count = countStages(await planGrid(resolved));
    const bare = await timed(count, workers, () => runBare(client, count));
    const bareCells = await timed(cells * stagesACell, workers, () => runBareCells(client, cells));
    const swept = await runSweep(client, workers, { resolved, home });
    printMeasured({ bare, bareCells, swept }, forms[form]);
    const ofCells = rateOf(swept) / rateOf(bareCells);
    console.log(`\n${ofCells.toFixed(2)} of the bare cells per second`);
    // With a process for each stage the ratio measures process starts, so it is printed and not checked.
    return listBroken(swept, form === 'idle' ? ofCells : undefined);
  } finally {
    workers.child.kill('SIGKILL');
  }
}

/**
 * `npm run bench -- orchestration [--cells N] [--form idle|trainer]`: compares a sweep without work with activities
 * without work, on its own server.
 *
 * @throws Error if cells are lost, a history or the workers' memory grows too large, or the sweep is too slow
 */
export async function benchOrchestration(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { cells: { type: 'string', default: '2000' }, form: { type: 'string', default: 'idle' } },
  });
  const form = values.form === 'trainer' ? 'trainer' : 'idle';
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-orchestration-'));
  try {
    const server = await ensureServer({ home: folder, env: process.env, onProgress: console.error });
    const client = await connect({ address: server.address });
    const broken = await measure(client, { form, cells: Number(values.cells), folder, server });
    await client.connection.close();
    if (broken.length > 0) throw new Error(broken.join('; '));
  } finally {
    await stopServers(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}
