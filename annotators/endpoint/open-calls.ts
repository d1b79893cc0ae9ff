import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Journal } from '../journal';
import { LineFile } from '../line-file';

/** A call that is about to be made, or the end of one. */
const line = z.union([
  z.strictObject({
    call: z.string(),
    stage: z.string(),
    /** The most that it can cost. */
    usd: z.number().nonnegative(),
  }),
  z.strictObject({ ended: z.string() }),
]);
type Line = z.infer<typeof line>;
type Call = Exclude<Line, { ended: string }>;

/**
 * Calls whose bill nobody knows: their reply was never read, since the connection broke, or the process was killed before
 * the reply was written down. Each call is on the disk before it is made. What such calls may have cost counts against
 * limits at the most that it can be.
 */
export class OpenCalls {
  readonly #underWay = new Map<string, Call>();
  readonly #lost = new Map<string, Call>();

  private constructor(private readonly file: LineFile<Line>) {}

  /** The open calls of a folder; the journal answers those that it has. */
  static async open(folder: string, journal: Journal): Promise<OpenCalls> {
    const calls = new OpenCalls(await LineFile.open(join(folder, 'calls.jsonl'), line));
    for (const each of calls.file.before)
      if ('ended' in each) calls.#lost.delete(each.ended);
      else if (!journal.answers(each.call)) calls.#lost.set(each.call, each);
    return calls;
  }

  /** Resolves to the call's name when it is on the disk. */
  async begin(about: Omit<Call, 'call'>): Promise<string> {
    const call = { call: randomUUID(), ...about };
    await this.file.add(call);
    this.#underWay.set(call.call, call);
    return call.call;
  }

  /** What it cost is known: nothing, or as the journal has it. */
  async end(call: string): Promise<void> {
    this.#underWay.delete(call);
    await this.file.add({ ended: call });
  }

  /** What it cost will never be known. */
  lose(call: string): void {
    const lost = this.#underWay.get(call);
    if (lost !== undefined) this.#lost.set(call, lost);
    this.#underWay.delete(call);
  }

  /** How many calls are lost, and the most that they can have cost: all of the folder, or those of one stage. */
  lost(stage?: string): { calls: number; usd: number } {
    const lost = [...this.#lost.values()].filter((each) => stage === undefined || each.stage === stage);
    return { calls: lost.length, usd: lost.reduce((sum, { usd }) => sum + usd, 0) };
  }
}
