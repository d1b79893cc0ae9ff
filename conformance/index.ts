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

/** One rule of docs/protocol.md, and what an executable does about it. */
export interface Finding {
  readonly section: string;
  readonly rule: string;
  /** null where the rule is kept; what was found instead, where it is broken. */
  readonly broken: string | null;
}

export interface CheckOptions {
  /** Program and first arguments; no shell sees them. */
  readonly command: readonly string[];
  /** A small model folder with one weight file. */
  readonly model: string;
  /** Longest life of one process of the executable; 60 s unless given. */
  readonly patienceMs?: number;
}

const checks: readonly Check[] = [...eventChecks, ...stoppingChecks, ...refusalChecks, ...numberChecks];

/** Checks at once: one may wait for a lock while another computes. */
const width = 2;

async function putToTest(check: Check, kit: ReturnType<typeof createKit>): Promise<Finding> {
  const { section, rule } = check;
  try {
    await check.run(kit);
    return { section, rule, broken: null };
  } catch (error) {
    if (error instanceof Broken) return { section, rule, broken: error.message };
    // What a check reads is the executable's; what cannot be read was not written as the page says.
    return { section, rule, broken: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Holds a training executable against docs/protocol.md, rule by rule, in a temporary folder. Findings come in the
 * order of the rules.
 */
export async function* checkExecutable(options: CheckOptions): AsyncGenerator<Finding> {
  const { command, model, patienceMs = 60_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'budgetline-check-'));
  try {
    const kit = createKit({ command, patienceMs }, { folder, model });
    const begun: Promise<Finding>[] = [];
    for (let next = 0; next < checks.length; next += 1) {
      while (begun.length < Math.min(checks.length, next + width))
        begun.push(putToTest(checks[begun.length]!, kit));
      yield await begun[next]!;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
