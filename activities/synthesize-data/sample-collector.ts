import type { SkipReason, StageMetrics } from '../../contracts/metrics';
import type { Problem } from '../../contracts/task';
import type { GenerationRow } from '../../schemas/rows';

/** A prompt's problem and its samples. */
export interface Sampled {
  readonly problem: Problem;
  readonly samples: readonly GenerationRow[];
}

/** A row from one prompt's samples, or the reason why there is none. */
export type FilterResult<Row> = { readonly row: Row } | { readonly skipped: SkipReason };

/** How one kind of row is made from samples. */
export interface SampleFilter<Row> {
  /** Used in messages, e.g. "pairs". */
  readonly name: string;
  /** File of the payload. */
  readonly file: string;
  /** Every reason for skipping a prompt. */
  readonly reasons: readonly SkipReason[];
  /** Whether the verifier scores each sample. */
  readonly isScored: boolean;
  /**
   * Buys what `select` needs. Never called for more prompts than rows are missing.
   *
   * @param samples number of samples so far, those of the prompts included
   */
  prepare?(prompts: readonly Sampled[], samples: number): Promise<void>;
  /** US dollars that the allowance must cover if this number of further prompts is prepared, without samples and rows. */
  usdWith?(prompts: number): number;
  select(sampled: Sampled): FilterResult<Row> | Promise<FilterResult<Row>>;
  /** Further metrics of the stage. */
  measured?(): Promise<Pick<StageMetrics, 'metrics' | 'labels'>>;
}

const countSamples = (prompts: readonly Sampled[]): number =>
  prompts.reduce((sum, { samples }) => sum + samples.length, 0);

/** Rows in the order of their prompts, and the counts of prompts and samples. */
export class SampleCollector<Row> {
  readonly rows: Row[] = [];
  readonly skipped: Partial<Record<SkipReason, number>>;
  /** Prompts up to the last row that was needed. */
  scanned = 0;
  /** Samples of these prompts. */
  samples = 0;

  constructor(
    private readonly filter: SampleFilter<Row>,
    private readonly needed: number,
  ) {
    this.skipped = Object.fromEntries(filter.reasons.map((reason) => [reason, 0]));
  }

  get missing(): number {
    return this.needed - this.rows.length;
  }

  get verifierCalls(): number {
    return this.filter.isScored ? this.samples : 0;
  }

  get yield(): number {
    return this.scanned === 0 ? 0 : this.rows.length / this.scanned;
  }

  /** Takes prompts in their order, until there are enough rows. */
  async take(prompts: readonly Sampled[]): Promise<void> {
    for (let at = 0; at < prompts.length && this.missing > 0;) {
      const some = prompts.slice(at, at + this.missing);
      await this.filter.prepare?.(some, this.samples + countSamples(some));
      for (const sampled of some) await this.#takeOne(sampled);
      at += some.length;
    }
  }

  async #takeOne(sampled: Sampled): Promise<void> {
    const outcome = await this.filter.select(sampled);
    this.scanned += 1;
    this.samples += sampled.samples.length;
    if ('row' in outcome) this.rows.push(outcome.row);
    else this.skipped[outcome.skipped] = (this.skipped[outcome.skipped] ?? 0) + 1;
  }
}
