import { labelsUpTo, type NestPurchase, purchasesIn } from '../../audit';
import type { PlannedLabels } from '../../contracts/stage';
import { labelsUsd } from '../../planning';
import { billOf } from '../annotation';
import { buyStageLabels, isBilled } from '../payment';
import type { StageSession } from '../session';
import { activityRefOf } from '../usage';

/** The labels in the nest of a stage that other requests have bought: other stages, or earlier runs of this one. */
async function boughtByOthers(session: StageSession, perItem: number): Promise<number> {
  const { environment, stage, context, ledger } = session;
  const { nest } = stage;
  if (nest === undefined) return 0;
  const { runId, activity } = activityRefOf(context);
  const own = new Set(
    (await ledger.read()).flatMap((line) =>
      line.type === 'attempt-started' && line.runId === runId && line.activity === activity
        ? [line.fence]
        : [],
    ),
  );
  const isOwn = (line: NestPurchase): boolean =>
    line.type === 'labels-bought' && line.stage === stage.key && own.has(line.fence);
  const purchases = purchasesIn(await environment.store.chain({ nest }).read());
  return Math.max(0, ...purchases.filter((line) => !isOwn(line)).map((line) => labelsUpTo(line, perItem)));
}

/** The money of a stage's labels: bought at list price as they are made, or on an endpoint's bill. */
export class LabelMoney {
  #billedUsd: number | undefined;

  private constructor(
    private readonly session: StageSession,
    private readonly planned: PlannedLabels,
    /** Labels that are free: others have bought them. */
    private readonly free: number,
  ) {}

  static async open(session: StageSession): Promise<LabelMoney> {
    const planned = session.stage.rows!.labels!;
    const money = new LabelMoney(session, planned, await boughtByOthers(session, planned.perItem));
    await money.#readBill();
    return money;
  }

  /** US dollars that the stage's allowance must cover for a number of labels; on a bill, those paid so far. */
  usdOf(labels: number): number {
    return this.#billedUsd ?? labelsUsd(this.planned, labels, this.free);
  }

  /** Buys the stage's labels so far. */
  async buy(labels: number): Promise<void> {
    await buyStageLabels(this.session, labels);
    await this.#readBill();
  }

  async #readBill(): Promise<void> {
    const isOnBill = this.planned.billed || (await isBilled(this.session));
    this.#billedUsd = isOnBill ? ((await billOf(this.session))['annotatorUsd'] ?? 0) : undefined;
  }
}
