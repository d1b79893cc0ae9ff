import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Journal } from '../journal';
import { LineFile } from '../line-file';

/** The start or the end of a call. */
const line = z.union([
  z.strictObject({
    call: z.string(),
    stage: z.string(),
    /** Its largest possible cost. */
    usd: z.number().nonnegative(),
  }),
  z.strictObject({ ended: z.string() }),
]);
type Line = z.infer<typeof line>;
type Call = Exclude<Line, { ended: string }>;

/**
 * Tracks calls with an unknown bill: the connection broke before the reply was read, or the process was killed before it was
 * recorded. Each call is on disk before it starts. Such calls count against limits at their largest possible cost.
 */
export class OpenCalls {
  readonly #underWay = new Map<string, Call>();
  readonly #lost = new Map<string, Call>();

  private constructor(private readonly file: LineFile<Line>) {}

  /** Opens a folder's calls; those with an entry in the journal are not lost. */
  static async open(folder: string, journal: Journal): Promise<OpenCalls> {
    const calls = new OpenCalls(await LineFile.open(join(folder, 'calls.jsonl'), line));
    for (const each of calls.file.before)
      if ('ended' in each) calls.#lost.delete(each.ended);
      else if (!journal.answers(each.call)) calls.#lost.set(each.call, each);
    return calls;
  }

  /** Resolves to the call's id when it is on disk. */
  async begin(about: Omit<Call, 'call'>): Promise<string> {
    const call = { call: randomUUID(), ...about };
    await this.file.add(call);
    this.#underWay.set(call.call, call);
    return call.call;
  }

  /** Its bill is known: nothing, or in the journal. */
  async end(call: string): Promise<void> {
    this.#underWay.delete(call);
    await this.file.add({ ended: call });
  }

  /** Its bill stays unknown. */
  lose(call: string): void {
    const lost = this.#underWay.get(call);
    if (lost !== undefined) this.#lost.set(call, lost);
    this.#underWay.delete(call);
  }

  /** Number and largest possible cost of calls with an unknown bill, of the folder or of one stage. */
  lost(stage?: string): { calls: number; usd: number } {
    const lost = [...this.#lost.values()].filter((each) => stage === undefined || each.stage === stage);
    return { calls: lost.length, usd: lost.reduce((sum, { usd }) => sum + usd, 0) };
  }
}
