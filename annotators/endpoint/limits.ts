import { BudgetlineError } from '../../contracts/failures';
import type { AnnotationSession } from '../../contracts/task';
import type { Journal } from '../journal';
import { mostTokens, type Tokens } from './call';
import type { Ask, EndpointSettings } from './settings';

export function usdOf({ prices }: EndpointSettings, { inputTokens, outputTokens }: Tokens): number {
  return (inputTokens * prices.inputUsdPerMillion + outputTokens * prices.outputUsdPerMillion) / 1e6;
}

/** Sums of prices are not exact. */
const tolerance = 1e-9;

interface LimitsOptions {
  readonly settings: EndpointSettings;
  readonly session: Pick<AnnotationSession, 'allowanceUsd'>;
  readonly journal: Pick<Journal, 'usd'>;
  /** What the journal tells of that the session's allowance is not for. */
  readonly paidBeforeUsd: number;
}

/** A limit, and what of it is spent. */
interface Limit {
  readonly usd: number;
  readonly spentUsd: number;
  /** What to raise. */
  readonly name: string;
}

/**
 * Money is held before it is spent: each call under way as dear as it can be. Near a limit fewer calls are under way at
 * once; where not even one may be, that is the end.
 */
export class Limits {
  #heldUsd = 0;
  #underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(private readonly options: LimitsOptions) {}

  /**
   * Resolves when the call may be made, to what is to be called when it is paid and written down, or has failed.
   *
   * @throws BudgetlineError SPEND_LIMIT; the signal's reason
   */
  async hold(ask: Ask, signal: AbortSignal): Promise<() => void> {
    const { settings } = this.options;
    const dearestUsd = usdOf(settings, mostTokens(settings, ask));
    for (let passed = this.#passedBy(dearestUsd); passed !== undefined; passed = this.#passedBy(dearestUsd)) {
      if (this.#underWay === 0) throw this.#refusal(passed);
      await new Promise<void>((released) => this.#waiting.push(released));
      signal.throwIfAborted();
    }
    this.#heldUsd += dearestUsd;
    this.#underWay += 1;
    return () => this.#release(dearestUsd);
  }

  #limits(): Limit[] {
    const { settings, session, journal, paidBeforeUsd } = this.options;
    const { allowanceUsd = Infinity } = session;
    return [
      { usd: settings.spendLimitUsd, spentUsd: journal.usd, name: 'spendLimitUsd' },
      { usd: allowanceUsd, spentUsd: journal.usd - paidBeforeUsd, name: 'the definition’s spendLimit' },
    ];
  }

  /** The limit that one more call might pass. */
  #passedBy(dearestUsd: number): Limit | undefined {
    return this.#limits().find(
      ({ usd, spentUsd }) => spentUsd + this.#heldUsd + dearestUsd > usd + tolerance,
    );
  }

  #refusal({ usd, spentUsd, name }: Limit): BudgetlineError {
    const [spent, limit] = [spentUsd, usd].map((each) => `$${each.toFixed(4)}`);
    return new BudgetlineError(
      'SPEND_LIMIT',
      `Annotator ${this.options.settings.name} has spent ${spent} of ${limit}: the next call might pass the limit.`,
      { remedy: `Raise ${name}, or lower maxTokens: the answers that were paid for are kept.` },
    );
  }

  #release(dearestUsd: number): void {
    this.#underWay -= 1;
    this.#heldUsd = this.#underWay === 0 ? 0 : this.#heldUsd - dearestUsd;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const released of waiting) released();
  }
}
