import { BudgetlineError } from '../../core/failures';
import { nameUsd } from '../../core/money';
import type { AnnotationSession } from '../../contracts/task';
import type { Journal } from '../journal';
import { mostTokens, type Tokens } from './call';
import type { OpenCalls } from './open-calls';
import type { Ask, EndpointSettings } from './settings';

export function usdOf({ prices }: EndpointSettings, { inputTokens, outputTokens }: Tokens): number {
  return (inputTokens * prices.inputUsdPerMillion + outputTokens * prices.outputUsdPerMillion) / 1e6;
}

/** For floating-point error in sums of prices. */
const tolerance = 1e-9;

interface LimitsOptions {
  readonly settings: EndpointSettings;
  readonly session: Pick<AnnotationSession, 'allowanceUsd' | 'stage'>;
  readonly journal: Pick<Journal, 'usd'>;
  readonly calls: Pick<OpenCalls, 'lost'>;
  /** US dollars in the journal that do not count against the session's allowance. */
  readonly paidBeforeUsd: number;
}

interface Limit {
  readonly usd: number;
  readonly spentUsd: number;
  /** Upper bound of the calls whose bill is unknown. */
  readonly unknownUsd: number;
  /** The setting to raise. */
  readonly name: string;
}

/**
 * Reserves the largest possible cost of each call in flight. Near a limit fewer calls run at once; if not even one fits,
 * the batch fails.
 */
export class Limits {
  #reservedUsd = 0;
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  constructor(private readonly options: LimitsOptions) {}

  /**
   * Resolves when the call may start, with its largest cost and a function to call when its bill is recorded.
   *
   * @throws BudgetlineError SPEND_LIMIT; the signal's reason
   */
  async reserve(ask: Ask, signal: AbortSignal): Promise<{ usd: number; release: () => void }> {
    const { settings } = this.options;
    const maxUsd = usdOf(settings, mostTokens(settings, ask));
    for (let limit = this.#exceededBy(maxUsd); limit !== undefined; limit = this.#exceededBy(maxUsd)) {
      if (this.#inFlight === 0) throw this.#refusal(limit);
      await new Promise<void>((released) => this.#waiting.push(released));
      signal.throwIfAborted();
    }
    this.#reservedUsd += maxUsd;
    this.#inFlight += 1;
    return { usd: maxUsd, release: () => this.#release(maxUsd) };
  }

  #limits(): Limit[] {
    const { settings, session, journal, calls, paidBeforeUsd } = this.options;
    const { allowanceUsd = Infinity, stage } = session;
    const [all, own] = [calls.lost().usd, calls.lost(stage).usd];
    const spentUsd = journal.usd;
    return [
      { usd: settings.spendLimitUsd, spentUsd, unknownUsd: all, name: 'spendLimitUsd' },
      {
        usd: allowanceUsd,
        spentUsd: spentUsd - paidBeforeUsd,
        unknownUsd: own,
        name: 'the definition’s spendLimitUsd',
      },
    ];
  }

  /** The limit that one more call could exceed. */
  #exceededBy(maxUsd: number): Limit | undefined {
    return this.#limits().find(
      ({ usd, spentUsd, unknownUsd }) => spentUsd + unknownUsd + this.#reservedUsd + maxUsd > usd + tolerance,
    );
  }

  #refusal({ usd, spentUsd, unknownUsd, name }: Limit): BudgetlineError {
    const [spent, limit, unknown] = [spentUsd, usd, unknownUsd].map((each) => nameUsd(each));
    const more = unknownUsd === 0 ? '' : `, and up to ${unknown} on calls with an unknown bill`;
    return new BudgetlineError(
      'SPEND_LIMIT',
      `Annotator ${this.options.settings.name} has spent ${spent} of ${limit}${more}; the next call could exceed the limit.`,
      { remedy: `Raise ${name}, or lower maxTokens; paid answers are kept.` },
    );
  }

  #release(maxUsd: number): void {
    this.#inFlight -= 1;
    this.#reservedUsd = this.#inFlight === 0 ? 0 : this.#reservedUsd - maxUsd;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const released of waiting) released();
  }
}
