import { BudgetlineError } from '../../contracts/failures';
import { nameUsd } from '../../contracts/money';
import type { AnnotationSession } from '../../contracts/task';
import type { Journal } from '../journal';

import { mostTokens, type Tokens } from './call';
import type { OpenCalls } from './open-calls';
import type { Ask, EndpointSettings } from './settings';

export function usdOf({ prices }: EndpointSettings, { inputTokens, outputTokens }: Tokens): number {
  return (inputTokens * prices.inputUsdPerMillion + outputTokens * prices.outputUsdPerMillion) / 1e6;
}

/** Sums of prices are not exact. */
const tolerance = 1e-9;

interface LimitsOptions {
  readonly settings: EndpointSettings;
  readonly session: Pick<AnnotationSession, 'allowanceUsd' | 'stage'>;
  readonly journal: Pick<Journal, 'usd'>;
  readonly calls: Pick<OpenCalls, 'lost'>;
  /** What the journal tells of that the session's allowance is not for. */
  readonly paidBeforeUsd: number;
}

/** A limit, what of it is spent, and the most that calls of an unknown bill may have cost. */
interface Limit {
  readonly usd: number;
  readonly spentUsd: number;
  readonly unknownUsd: number;
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
   * Resolves when the call may be made, to the most that it can cost and what is to be called when that is written down.
   *
   * @throws BudgetlineError SPEND_LIMIT; the signal's reason
   */
  async hold(ask: Ask, signal: AbortSignal): Promise<{ usd: number; release: () => void }> {
    const { settings } = this.options;
    const dearestUsd = usdOf(settings, mostTokens(settings, ask));
    for (let passed = this.#passedBy(dearestUsd); passed !== undefined; passed = this.#passedBy(dearestUsd)) {
      if (this.#underWay === 0) throw this.#refusal(passed);
      await new Promise<void>((released) => this.#waiting.push(released));
      signal.throwIfAborted();
    }
    this.#heldUsd += dearestUsd;
    this.#underWay += 1;
    return { usd: dearestUsd, release: () => this.#release(dearestUsd) };
  }

  #limits(): Limit[] {
    const { settings, session, journal, calls, paidBeforeUsd } = this.options;
    const { allowanceUsd = Infinity, stage } = session;
    const [all, own] = [calls.lost().usd, calls.lost(stage).usd];
    const spentUsd = journal.usd;
    return [
      { usd: settings.spendLimitUsd, spentUsd, unknownUsd: all, name: 'spendLimitUsd' },
      {
        ...{ usd: allowanceUsd, spentUsd: spentUsd - paidBeforeUsd, unknownUsd: own },
        name: 'the definition’s spendLimitUsd',
      },
    ];
  }

  /** The limit that one more call might pass. */
  #passedBy(dearestUsd: number): Limit | undefined {
    return this.#limits().find(
      ({ usd, spentUsd, unknownUsd }) => spentUsd + unknownUsd + this.#heldUsd + dearestUsd > usd + tolerance,
    );
  }

  #refusal({ usd, spentUsd, unknownUsd, name }: Limit): BudgetlineError {
    const [spent, limit, unknown] = [spentUsd, usd, unknownUsd].map((each) => nameUsd(each));
    const more = unknownUsd === 0 ? '' : `, and up to ${unknown} on calls whose reply was never read`;
    return new BudgetlineError(
      'SPEND_LIMIT',
      `Annotator ${this.options.settings.name} has spent ${spent} of ${limit}${more}: the next call might pass the limit.`,
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
