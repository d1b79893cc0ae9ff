import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from './check';
import { eventChecks } from './checks/events';
import { numberChecks } from './checks/numbers';
import { refusalChecks } from './checks/refusals';
import { stoppingChecks } from './checks/stopping';
import { Broken } from './expect';
import { createKit } from './kit';

/** The result of one rule of docs/protocol.md. */
export interface Finding {
  readonly section: string;
  readonly rule: string;
  /** null: the rule is kept; else what was found instead. */
  readonly broken: string | null;
}

export interface CheckOptions {
  /** Program and first arguments, run without a shell. */
  readonly command: readonly string[];
  /** A small model folder with one weight file. */
  readonly model: string;
  /** Time limit of a process. Default: 60 s. */
  readonly timeoutMs?: number;
}

const checks: readonly Check[] = [...eventChecks, ...stoppingChecks, ...refusalChecks, ...numberChecks];

/** Concurrent checks: one may wait for a lock while another computes. */
const concurrency = 2;

async function runCheck(check: Check, kit: ReturnType<typeof createKit>): Promise<Finding> {
  const { section, rule } = check;
  try {
    await check.run(kit);
    return { section, rule, broken: null };
  } catch (error) {
    if (error instanceof Broken) return { section, rule, broken: error.message };
    // A check reads files of the executable: an error there means that they break the protocol.
    return { section, rule, broken: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Checks a training executable against every rule of docs/protocol.md, in a temporary folder. Findings are in the order of
 * the rules.
 */
export async function* checkExecutable(options: CheckOptions): AsyncGenerator<Finding> {
  const { command, model, timeoutMs = 60_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'budgetline-check-'));
  try {
    const kit = createKit({ command, timeoutMs }, { folder, model });
    const started: Promise<Finding>[] = [];
    for (let next = 0; next < checks.length; next += 1) {
      while (started.length < Math.min(checks.length, next + concurrency))
        started.push(runCheck(checks[started.length]!, kit));
      yield await started[next]!;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
