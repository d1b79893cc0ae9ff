import { basename, isAbsolute } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { ArtifactManifest } from '../schemas/artifact';
import { paymentsIn, type ActivityRef } from '../audit';
import type { AnnotationBill, LedgerLine, Payment } from '../schemas/ledger';
import { zeroCost, type StageCost, type StageWarning } from '../contracts/stage';
import type { AnnotationCost } from '../contracts/task';
import type { TrainerJob } from '../schemas/trainer-job';
import { digestOf } from '../core/digest';
import type { TrainerRun } from './trainer-process/run-trainer';
import type { TrainerExit } from './trainer-process/supervise';

type Made = ArtifactManifest['made'];

/** A job independent of the host: paths are cut to their last part. */
function withoutFolders(job: TrainerJob): Record<string, unknown> {
  const cut = (value: unknown): unknown =>
    typeof value === 'string' && isAbsolute(value) ? basename(value) : value;
  return Object.fromEntries(Object.entries(job).map(([name, value]) => [name, cut(value)]));
}

function ifKnown(
  a: number | null,
  b: number | null,
  combine: (a: number, b: number) => number,
): number | null {
  return a === null || b === null ? null : combine(a, b);
}

/** What an attempt has used so far, and how its result was made. */
export class Usage {
  readonly #startedMs = performance.now();
  readonly exitCodes: (number | null)[] = [];
  /** Digests of the jobs for the training executable. */
  readonly jobs: string[] = [];
  deviceMs = 0;
  /** Null if a trainer ended before it reported a value: unknown is not 0. */
  cpuMs: number | null = 0;
  peakMemoryBytes: number | null = 0;
  tokens = 0;
  /** Verifier calls of the stage's work so far, including those that earlier attempts recorded. */
  verifierCalls = 0;
  /** Verifier calls that earlier attempts of any run recorded: they are paid for. */
  earlierCalls = 0;
  /** Samples of the stage's work so far that no verifier scored. */
  unscored = 0;
  /** Such samples that earlier attempts of any run recorded. */
  earlierUnscored = 0;
  /** Bills of models behind endpoints, by the folder of their answers. */
  readonly #bills = new Map<string, AnnotationBill>();
  made: Pick<Made, 'device' | 'threads' | 'trainer' | 'microBatches'> = {
    device: 'none',
    threads: 1,
    trainer: 'none',
    microBatches: [],
  };

  get wallMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Counts a paid call, even if the attempt fails later. */
  addCall(folder: string, { calls = 1, ...cost }: AnnotationCost): void {
    this.#bills.set(folder, sumBills([this.billFor(folder), { calls, ...cost }]));
  }

  /** The part of the bill that is in one folder's journal. */
  billFor(folder: string): AnnotationBill {
    return this.#bills.get(folder) ?? sumBills([]);
  }

  /** The bill by folder; null if no endpoint was called. */
  get annotationByFolder(): Record<string, AnnotationBill> | null {
    return this.#bills.size === 0 ? null : Object.fromEntries(this.#bills);
  }

  /** All calls together; null if no endpoint was called. */
  get annotation(): AnnotationBill | null {
    return this.#bills.size === 0 ? null : sumBills([...this.#bills.values()]);
  }

  /** Verifier calls that this attempt pays for. */
  get newVerifierCalls(): number {
    return Math.max(0, this.verifierCalls - this.earlierCalls);
  }

  /** Samples without a verifier call that this attempt pays for. */
  get newUnscored(): number {
    return Math.max(0, this.unscored - this.earlierUnscored);
  }

  addJob(job: TrainerJob): void {
    this.jobs.push(digestOf(withoutFolders(job)));
  }

  addExit({ exitCode, wallMs, cpuMs, peakMemoryBytes }: TrainerExit): void {
    this.exitCodes.push(exitCode);
    this.deviceMs += wallMs;
    this.cpuMs = ifKnown(this.cpuMs, cpuMs, (a, b) => a + b);
    this.peakMemoryBytes = ifKnown(this.peakMemoryBytes, peakMemoryBytes, Math.max);
  }

  addRun({ hello, result, microBatches }: TrainerRun): void {
    this.tokens += result.metrics['tokens'] ?? 0;
    const { device, threads, trainer, version, runtime } = hello;
    this.made = { device, threads, trainer: `${trainer} ${version}, ${runtime}`, microBatches };
  }

  /** The totals for the attempt's last ledger line, without what it paid. */
  totals() {
    const { exitCodes, jobs, wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens } = this;
    const used = { wallMs, deviceMs, cpuMs, peakMemoryBytes, tokens };
    return { exitCodes, jobs, trainerProcesses: exitCodes.length, ...used };
  }
}

/** Each warning once, in the order of first occurrence. */
export function warningsIn(lines: readonly LedgerLine[]): StageWarning[] {
  const warnings = lines.flatMap((line) => (line.type === 'attempt-warning' ? [line] : []));
  const distinct = new Map(warnings.map(({ code, message }) => [`${code} ${message}`, { code, message }]));
  return [...distinct.values()];
}

export function activityRefOf({ info }: Context) {
  return { runId: info.workflowExecution?.runId ?? 'none', activity: info.activityId } satisfies ActivityRef;
}

/** Verifier calls and other samples that attempts recorded, for `Usage`. */
export function earlierIn(lines: readonly LedgerLine[]): Pick<Usage, 'earlierCalls' | 'earlierUnscored'> {
  const paid = paymentsIn(lines);
  return {
    earlierCalls: paid.reduce((sum, { verifierCalls }) => sum + verifierCalls, 0),
    earlierUnscored: paid.reduce((sum, { unscored }) => sum + unscored, 0),
  };
}

/** Sum of several bills. */
export function sumBills(bills: readonly AnnotationBill[]): AnnotationBill {
  const sum = (name: keyof AnnotationBill): number => bills.reduce((total, bill) => total + bill[name], 0);
  return {
    calls: sum('calls'),
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    usd: sum('usd'),
  };
}

/** Bills of model endpoints in what attempts paid. */
export const billsIn = (payments: readonly Payment[]): AnnotationBill[] =>
  payments.flatMap(({ annotation }) => (annotation === null ? [] : [annotation]));

/** Bills of model endpoints in a ledger's attempts. */
export const billsOf = (lines: readonly LedgerLine[]): AnnotationBill[] => billsIn(paymentsIn(lines));

/** The bill of one folder in a ledger's attempts. */
export function billedFor(folder: string, lines: readonly LedgerLine[]): AnnotationBill {
  const bills = paymentsIn(lines).map(({ annotationByFolder }) => annotationByFolder?.[folder]);
  return sumBills(bills.filter((bill) => bill !== undefined));
}

const measures = ['wallMs', 'deviceMs', 'cpuMs', 'tokens', 'verifierCalls'] as const;

/**
 * Total measured cost of a stage for an experiment: its earlier attempts in the ledger, and the current
 * one. Other experiments' attempts are in their own totals.
 */
export function totalCost(lines: readonly LedgerLine[], usage: Usage, experimentId: string): StageCost {
  const own = lines.filter((line) => 'experimentId' in line && line.experimentId === experimentId);
  const ended = own.flatMap((line) => (line.type === 'attempt-ended' ? [line] : []));
  const now = { ...usage.totals(), verifierCalls: usage.newVerifierCalls };
  const sum = (name: (typeof measures)[number]): number =>
    [...ended, now].reduce((total, each) => total + (each[name] ?? 0), 0);
  const attempts = own.filter(({ type }) => type === 'attempt-started').length;
  return { ...zeroCost, ...Object.fromEntries(measures.map((name) => [name, sum(name)])), attempts };
}
